//! Names that stand for two things: a tool within a namespace, a seal and the item it belongs to;
//! and the ids we mint.

use bytes::Bytes;

/// Between a namespace and the name of a tool in it, where the other side knows only flat names.
/// Made of characters that every provider takes in a name, in an order nobody writes.
const WITHIN: &str = "_-_";

/// The flat name of a tool that stands in `namespace`.
pub(super) fn flat(namespace: Option<&str>, name: &str) -> String {
    match namespace.filter(|namespace| !namespace.is_empty()) {
        Some(namespace) => format!("{namespace}{WITHIN}{name}"),
        None => name.to_owned(),
    }
}

/// The namespace, if there is one, and the name that a flat name was made of.
pub(super) fn unflat(flat: &str) -> (Option<&str>, &str) {
    match flat.split_once(WITHIN) {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
            (Some(namespace), name)
        }
        _ => (None, flat),
    }
}

/// One seal of an item's id and its `encrypted_content`. A provider refuses the content under
/// another item's id, but takes it without one.
pub(super) fn seal(id: &str, content: &str) -> Bytes {
    if is_item(id) && unseal(content).0.is_none() {
        Bytes::from(format!("{id}\n{content}"))
    } else {
        Bytes::copy_from_slice(content.as_bytes())
    }
}

/// The id, if it is known, and the content that a seal holds.
pub(super) fn unseal(seal: &str) -> (Option<&str>, &str) {
    match seal.split_once('\n') {
        Some((id, content)) if is_item(id) => (Some(id), content),
        _ => (None, seal),
    }
}

fn is_item(id: &str) -> bool {
    id.starts_with("rs_") && id.len() <= 128 && id.bytes().all(is_plain)
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// What distinguishes the ids of one answer from those of others: short enough that, with a prefix
/// and a number, no id is longer than 40 characters.
pub(super) fn stem(answer: &str) -> String {
    const LONGEST: usize = 24;
    let plain: Vec<char> = answer.chars().filter(char::is_ascii_alphanumeric).collect();
    plain[plain.len().saturating_sub(LONGEST)..].iter().collect()
}

/// A call's id within the 64 characters that OpenAI takes: itself, or its end and a mark of the
/// rest. The same for a call and its result.
pub(super) fn call_id(id: &str) -> String {
    const LONGEST: usize = 64;
    if id.chars().count() <= LONGEST {
        return id.to_owned();
    }
    let mark = id
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let start: String = id.chars().take(LONGEST - 9).collect();
    format!("{start}_{mark:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_survives_a_flat_name() {
        assert_eq!(flat(Some("mcp__github"), "create"), "mcp__github_-_create");
        assert_eq!(unflat("mcp__github_-_create"), (Some("mcp__github"), "create"));
        for plain in ["shell", "mcp__a__b", "_-_x", "x_-_"] {
            assert_eq!(unflat(&flat(None, plain)), (None, plain));
        }
    }

    #[test]
    fn a_seal_holds_the_id_of_its_item() {
        let sealed = seal("rs_1", "gAAA");
        assert_eq!(unseal(std::str::from_utf8(&sealed).unwrap()), (Some("rs_1"), "gAAA"));
        assert_eq!(&seal("", "gAAA")[..], b"gAAA");
        assert_eq!(unseal("gAAA"), (None, "gAAA"));
        // What was sealed stays as it is, under whatever id it comes back.
        assert_eq!(&seal("rs_2", "rs_1\ngAAA")[..], b"rs_1\ngAAA");
    }

    #[test]
    fn ids_are_short_and_stay_apart() {
        assert_eq!(stem("req_01ABC"), "req01ABC");
        assert_eq!(stem(&"ab".repeat(40)).len(), 24);
        assert_eq!(call_id("call_1"), "call_1");
        let (a, b) = (call_id(&format!("{}1", "x".repeat(64))), call_id(&"x".repeat(65)));
        assert_ne!(a, b);
        assert_eq!((a.len(), b.len()), (64, 64));
    }
}
