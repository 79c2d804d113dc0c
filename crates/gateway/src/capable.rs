//! Whether a model can do what is asked of it, by what is known of it: what is switched off is
//! refused by name, never dropped.

use wayleave_dialect::Malformed;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;

/// Refuses what the model is known to lack. `translated`: where the request is written anew a
/// schema may be held to by other means, so its writer decides.
///
/// # Errors
/// `capability_not_supported`: another target of the route may be able to.
pub fn check(
    asked: &Asked,
    model: &str,
    facts: &ModelFacts,
    translated: bool,
) -> Result<(), Malformed> {
    let lacks = |fact: Option<bool>| fact == Some(false);
    let refuse = |param: &str, fact: &str, cannot: &str| {
        let message = format!("model `{model}` cannot {cannot} (fact `{fact}: false`)");
        Err(Malformed::incapable(param, message))
    };
    if asked.tools && lacks(facts.tools) {
        return refuse("tools", "tools", "call tools");
    }
    if asked.vision && lacks(facts.vision) {
        return refuse("messages", "vision", "see images");
    }
    if asked.json_schema && lacks(facts.json_schema) && !translated {
        return refuse("response_format", "json_schema", "be held to a JSON schema");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_and_known_to_be_missing_is_refused() {
        let asked = Asked { tools: true, vision: true, json_schema: true, ..Asked::default() };
        let off = Some(false);
        let facts = ModelFacts { tools: off, vision: off, json_schema: off, ..Default::default() };
        let param = |asked: &Asked, facts: &ModelFacts, translated| {
            check(asked, "m", facts, translated).err().and_then(|it| it.param)
        };
        assert_eq!(param(&asked, &ModelFacts::default(), false), None, "unknown is not missing");
        assert_eq!(param(&Asked::default(), &facts, false), None);
        assert_eq!(param(&asked, &facts, false).as_deref(), Some("tools"));
        let sees = ModelFacts { tools: Some(true), ..facts };
        assert_eq!(param(&asked, &sees, true).as_deref(), Some("messages"));
        let shaped = ModelFacts { vision: None, ..sees };
        assert_eq!(param(&asked, &shaped, false).as_deref(), Some("response_format"));
        assert_eq!(param(&asked, &shaped, true), None, "a writer may hold it by a tool");
    }
}
