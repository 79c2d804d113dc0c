//! Whose proof is whose: seals that travel through a client of another dialect are marked.
//!
//! A signature holds only with the provider that made it. Where the client's dialect has a field
//! for one, another provider's goes there with a mark in front, and comes back with it: so it is
//! given to its own provider again, and to no other. The mark is Base64 of whole bytes, because
//! some clients decode the field.

use bytes::Bytes;

use crate::chat::{ChatRequest, Part, Seal, SealKind, Turn};
use crate::{Dialect, Losses, Severity};

/// What every mark begins with.
const MARK: &[u8] = b"WLseal";

/// The two letters that follow it.
const fn letters(dialect: Dialect) -> &'static [u8; 2] {
    match dialect {
        Dialect::OpenAiChat => b"OC",
        Dialect::OpenAiResponses => b"OR",
        Dialect::OpenAiCompletions => b"OT",
        Dialect::AnthropicMessages => b"AM",
        Dialect::Gemini => b"GE",
        Dialect::Cohere => b"CO",
        Dialect::Bedrock => b"BE",
        Dialect::Ollama => b"OL",
    }
}

/// The seal as a client of another dialect keeps it.
pub fn mark(seal: &mut Seal, from: Dialect) {
    seal.bytes = [MARK, letters(from), &seal.bytes].concat().into();
}

/// Who made it, where it is marked, and the proof itself.
fn unmark(bytes: &Bytes) -> Option<(Dialect, Bytes)> {
    let rest = bytes.strip_prefix(MARK)?;
    let from = Dialect::ALL.into_iter().find(|it| rest.starts_with(letters(*it)))?;
    Some((from, bytes.slice(MARK.len() + 2..)))
}

/// Whether a body holds marked seals: it cannot be passed on as it is.
pub fn any_marked(body: &[u8]) -> bool {
    memchr::memmem::find(body, b"\"WLseal").is_some()
}

/// Whether a proof that `from` made holds with `to`. Claude's signatures hold wherever Claude is
/// served (<https://docs.claude.com/en/docs/build-with-claude/extended-thinking>).
pub(super) fn holds(from: Dialect, to: Dialect) -> bool {
    const CLAUDE: [Dialect; 2] = [Dialect::AnthropicMessages, Dialect::Bedrock];
    from == to || (CLAUDE.contains(&from) && CLAUDE.contains(&to))
}

/// Leaves in `request` only the seals that hold with a provider that speaks `to`. Seals without a
/// mark were made by a provider of the client's own dialect.
pub fn sort(request: &mut ChatRequest, client: Dialect, to: Dialect, losses: &mut Losses) {
    for turn in &mut request.turns {
        turn.parts.retain_mut(|part| match part {
            Part::Reasoning { text, seal: kept @ Some(_) } => {
                settle(kept, client, to, losses);
                // Without its proof, reasoning that cannot be seen is nothing.
                kept.is_some() || !text.is_empty()
            }
            Part::ToolCall { seal: kept @ Some(_), .. } => {
                settle(kept, client, to, losses);
                true
            }
            _ => true,
        });
        if !on_calls(to) {
            seat(turn);
        }
    }
}

/// Whether a provider that speaks it signs calls. Others sign what was thought before them.
pub(super) fn on_calls(dialect: Dialect) -> bool {
    dialect == Dialect::Gemini
}

/// Gives the proofs that a Gemini client keeps on calls back to the thoughts they are of. One whose
/// thought is gone stays where it is, unless it holds the thought itself.
fn seat(turn: &mut Turn) {
    let mut parts = Vec::with_capacity(turn.parts.len());
    // The thought that the next proof may be of.
    let mut thought: Option<usize> = None;
    for mut part in turn.parts.drain(..) {
        match &mut part {
            Part::Reasoning { seal, .. } => thought = seal.is_none().then_some(parts.len()),
            Part::ToolCall { seal, .. } => {
                let unsealed = thought.take().and_then(|at| parts.get_mut(at));
                match (seal.as_ref().map(|it| it.kind), unsealed) {
                    (
                        Some(SealKind::Signature | SealKind::Encrypted),
                        Some(Part::Reasoning { seal: empty, .. }),
                    ) => *empty = seal.take(),
                    (Some(SealKind::Redacted | SealKind::Encrypted), _) => {
                        parts.push(Part::Reasoning { text: String::new(), seal: seal.take() });
                    }
                    _ => (),
                }
            }
            _ => (),
        }
        parts.push(part);
    }
    turn.parts = parts;
}

fn settle(kept: &mut Option<Seal>, client: Dialect, to: Dialect, losses: &mut Losses) {
    let Some(seal) = kept else { return };
    let (from, bytes) = unmark(&seal.bytes).unwrap_or((client, seal.bytes.clone()));
    if holds(from, to) {
        seal.bytes = bytes;
    } else {
        *kept = None;
        let why = "a proof of reasoning holds only with the provider that made it";
        losses.note("messages[].signature", why, Severity::Hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Role;

    const OPENAI: Dialect = Dialect::OpenAiChat;
    const ANTHROPIC: Dialect = Dialect::AnthropicMessages;

    fn seal(bytes: &'static str) -> Seal {
        Seal { kind: SealKind::Signature, bytes: Bytes::from_static(bytes.as_bytes()) }
    }

    fn marked(bytes: &'static str, from: Dialect) -> Seal {
        let mut seal = seal(bytes);
        mark(&mut seal, from);
        seal
    }

    fn sorted(text: &str, seal: Seal, client: Dialect, to: Dialect) -> (Vec<Part>, Losses) {
        let parts = vec![Part::Reasoning { text: text.into(), seal: Some(seal) }];
        let turn = Turn { role: Role::Assistant, name: None, parts };
        let mut request = ChatRequest { turns: vec![turn], ..ChatRequest::default() };
        let mut losses = Losses::default();
        sort(&mut request, client, to, &mut losses);
        (request.turns.remove(0).parts, losses)
    }

    fn left(parts: &[Part]) -> Option<&[u8]> {
        match parts {
            [Part::Reasoning { seal: Some(seal), .. }] => Some(&seal.bytes),
            _ => None,
        }
    }

    #[test]
    fn a_seal_comes_back_to_its_maker_byte_for_byte() {
        let (parts, losses) = sorted("hm", marked("Eq==", ANTHROPIC), OPENAI, ANTHROPIC);
        assert_eq!(left(&parts), Some(&b"Eq=="[..]));
        assert!(losses.is_empty());
    }

    #[test]
    fn an_unmarked_seal_is_of_the_clients_own_dialect() {
        let (parts, losses) = sorted("hm", seal("Eq=="), ANTHROPIC, ANTHROPIC);
        assert_eq!(left(&parts), Some(&b"Eq=="[..]));
        assert!(losses.is_empty());
        let (parts, losses) = sorted("hm", seal("Eq=="), ANTHROPIC, OPENAI);
        assert!(matches!(&parts[..], [Part::Reasoning { text, seal: None }] if text == "hm"));
        assert_eq!(losses.iter().count(), 1);
    }

    #[test]
    fn hidden_reasoning_of_another_provider_is_left_out_by_name() {
        let (parts, losses) = sorted("", marked("Eq==", OPENAI), ANTHROPIC, ANTHROPIC);
        assert!(parts.is_empty());
        assert_eq!(
            losses.iter().next().map(|loss| loss.path.as_str()),
            Some("messages[].signature")
        );
    }

    /// What is left of a turn of a Gemini client: the text and the proof of each thought, and
    /// whether each call is sealed.
    fn seated(parts: Vec<Part>, to: Dialect) -> Vec<(String, Option<Bytes>)> {
        let turn = Turn { role: Role::Assistant, name: None, parts };
        let mut request = ChatRequest { turns: vec![turn], ..ChatRequest::default() };
        sort(&mut request, Dialect::Gemini, to, &mut Losses::default());
        let parts = request.turns.remove(0).parts.into_iter();
        let told = parts.map(|part| match part {
            Part::Reasoning { text, seal } => (text, seal.map(|it| it.bytes)),
            Part::ToolCall { id, seal, .. } => (id, seal.map(|it| it.bytes)),
            other => panic!("{other:?}"),
        });
        told.collect()
    }

    fn thought(text: &str) -> Part {
        Part::Reasoning { text: text.into(), seal: None }
    }

    fn call(id: &str, seal: Option<Seal>) -> Part {
        let (name, input) = ("f".into(), "{}".into());
        Part::ToolCall { id: id.into(), name, input, custom: false, seal, cache: None }
    }

    #[test]
    fn a_proof_on_a_call_goes_back_to_the_thought_before_it() {
        let proof = || Some(marked("Eq==", ANTHROPIC));
        let eq = Some(Bytes::from_static(b"Eq=="));
        let parts = vec![thought("hm"), call("a", proof()), call("b", None)];
        let told = seated(parts, ANTHROPIC);
        assert_eq!(told, [("hm".into(), eq.clone()), ("a".into(), None), ("b".into(), None)]);
        // The client dropped the thought: what was kept of it is found by the call.
        let told = seated(vec![call("a", proof())], ANTHROPIC);
        assert_eq!(told, [("a".into(), eq.clone())]);
        // Gemini's own stays on the call.
        let told = seated(vec![thought("hm"), call("a", Some(seal("Eq==")))], Dialect::Gemini);
        assert_eq!(told, [("hm".into(), None), ("a".into(), eq)]);
    }

    #[test]
    fn a_proof_that_holds_the_thought_itself_needs_no_words() {
        let mut proof = marked("gAAA", Dialect::OpenAiResponses);
        proof.kind = SealKind::Encrypted;
        let told = seated(vec![call("a", Some(proof))], Dialect::OpenAiResponses);
        let proof = Some(Bytes::from_static(b"gAAA"));
        assert_eq!(told, [(String::new(), proof), ("a".into(), None)]);
    }

    #[test]
    fn a_marked_body_is_noticed() {
        let seal = marked("Eq==", OPENAI);
        let body = format!(r#"{{"signature":"{}"}}"#, String::from_utf8_lossy(&seal.bytes));
        assert!(any_marked(body.as_bytes()));
        assert!(!any_marked(br#"{"signature":"Eq=="}"#));
    }
}
