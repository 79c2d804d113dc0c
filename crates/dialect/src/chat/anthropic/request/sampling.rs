//! How tokens are drawn, within what Anthropic's models accept.

use wayleave_model::target::ModelFacts;

use crate::chat::ChatRequest;
use crate::chat::json::Object;
use crate::{Losses, Severity};

/// Least `top_p` that may stand beside thinking.
const LEAST_TOP_P: f64 = 0.95;

/// What of the client's wishes goes up.
#[derive(Debug, Default, PartialEq)]
pub(in crate::chat) struct Drawn {
    /// 0 to 1.
    pub(in crate::chat) temperature: Option<f64>,
    /// Nucleus.
    pub(in crate::chat) top_p: Option<f64>,
    /// Candidates.
    pub(in crate::chat) top_k: Option<u64>,
}

/// Decides, and notes what stays behind. A wish for the default is none, and no loss.
pub(in crate::chat) fn plan(
    request: &ChatRequest,
    facts: &ModelFacts,
    thinking: bool,
    losses: &mut Losses,
) -> Drawn {
    let wish = &request.sampling;
    let mut refuse = |field: &str, reason| losses.note(field, reason, Severity::Meaning);
    let takes = |field: &str| !facts.refuses.iter().any(|refused| refused == field);
    let mut drawn = Drawn {
        temperature: wish.temperature,
        top_p: wish.top_p.filter(|p| *p < 1.0),
        top_k: wish.top_k,
    };
    if drawn.temperature.is_some_and(|t| t > 1.0) {
        drawn.temperature = Some(1.0);
        refuse("temperature", "lowered to 1, the most there is");
    }
    let warm = drawn.temperature.filter(|t| *t != 1.0);
    if thinking {
        if warm.is_some() {
            refuse("temperature", "must be 1 while the model thinks");
        }
        if drawn.top_p.is_some_and(|p| p < LEAST_TOP_P) {
            drawn.top_p = None;
            refuse("top_p", "must be at least 0.95 while the model thinks");
        }
        if drawn.top_k.take().is_some() {
            refuse("top_k", "not taken while the model thinks");
        }
        drawn.temperature = None;
    }
    // Newer models refuse a request that says both.
    if drawn.top_p.is_some() && drawn.temperature.is_some() {
        if warm.is_none() {
            drawn.temperature = None;
        } else {
            drawn.top_p = None;
            refuse("top_p", "not taken together with temperature");
        }
    }
    if !takes("temperature") && drawn.temperature.take().is_some() && warm.is_some() {
        refuse("temperature", "the model refuses it");
    }
    if !takes("top_p") && drawn.top_p.take().is_some() {
        refuse("top_p", "the model refuses it");
    }
    if !takes("top_k") && drawn.top_k.take().is_some() {
        refuse("top_k", "the model refuses it");
    }
    note_unknown(request, losses);
    drawn
}

/// What Anthropic has no word for.
pub(in crate::chat) fn note_unknown(request: &ChatRequest, losses: &mut Losses) {
    let wish = &request.sampling;
    for (field, value) in
        [("frequency_penalty", wish.frequency_penalty), ("presence_penalty", wish.presence_penalty)]
    {
        if value.is_some_and(|penalty| penalty != 0.0) {
            losses.note(field, "no such field", Severity::Meaning);
        }
    }
    if wish.seed.is_some() {
        losses.note("seed", "no such field", Severity::Hint);
    }
    if request.logprobs.is_some() {
        losses.note("logprobs", "no such field", Severity::Meaning);
    }
}

impl Drawn {
    /// Writes the fields.
    pub(super) fn write(&self, body: &mut Object<'_>) {
        for (field, value) in [("temperature", self.temperature), ("top_p", self.top_p)] {
            if let Some(value) = value {
                body.raw(field, &serde_json::Value::from(value).to_string());
            }
        }
        if let Some(top_k) = self.top_k {
            body.count("top_k", top_k);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Sampling;

    fn planned(sampling: Sampling, facts: &ModelFacts, thinking: bool) -> (Drawn, Vec<String>) {
        let request = ChatRequest { sampling, ..ChatRequest::default() };
        let mut losses = Losses::default();
        let drawn = plan(&request, facts, thinking, &mut losses);
        (drawn, losses.iter().map(|loss| loss.path.clone()).collect())
    }

    fn wish(temperature: Option<f64>, top_p: Option<f64>) -> Sampling {
        Sampling { temperature, top_p, ..Sampling::default() }
    }

    #[test]
    fn temperature_ends_at_one() {
        let (drawn, lost) = planned(wish(Some(1.4), None), &ModelFacts::default(), false);
        assert_eq!(drawn.temperature, Some(1.0));
        assert_eq!(lost, ["temperature"]);
    }

    #[test]
    fn of_temperature_and_top_p_one_goes_up() {
        let facts = ModelFacts::default();
        let (drawn, lost) = planned(wish(Some(0.2), Some(0.9)), &facts, false);
        assert_eq!((drawn.temperature, drawn.top_p), (Some(0.2), None));
        assert_eq!(lost, ["top_p"]);
        let (drawn, lost) = planned(wish(Some(0.2), Some(1.0)), &facts, false);
        assert_eq!((drawn.temperature, drawn.top_p, lost.len()), (Some(0.2), None, 0));
        let (drawn, lost) = planned(wish(Some(1.0), Some(0.9)), &facts, false);
        assert_eq!((drawn.temperature, drawn.top_p, lost.len()), (None, Some(0.9), 0));
    }

    #[test]
    fn thinking_leaves_little_to_choose() {
        let sampling = Sampling { top_k: Some(5), ..wish(Some(0.2), Some(0.5)) };
        let (drawn, lost) = planned(sampling, &ModelFacts::default(), true);
        assert_eq!(drawn, Drawn::default());
        assert_eq!(lost, ["temperature", "top_p", "top_k"]);
        let (drawn, lost) = planned(wish(Some(1.0), Some(0.97)), &ModelFacts::default(), true);
        assert_eq!((drawn.temperature, drawn.top_p, lost.len()), (None, Some(0.97), 0));
    }

    #[test]
    fn what_the_model_refuses_stays_behind() {
        let refuses = ["temperature", "top_p", "top_k"].map(str::to_owned).to_vec();
        let facts = ModelFacts { refuses, ..ModelFacts::default() };
        let (drawn, lost) = planned(wish(Some(0.2), None), &facts, false);
        assert_eq!((drawn, lost), (Drawn::default(), vec!["temperature".to_owned()]));
        let (drawn, lost) = planned(wish(Some(1.0), Some(1.0)), &facts, false);
        assert_eq!((drawn, lost.len()), (Drawn::default(), 0));
    }
}
