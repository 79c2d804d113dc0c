//! A vector in the two forms in which it travels: a list of numbers, or base64 of their bytes.
//!
//! Base64 holds floats as OpenAI sends them: four bytes each, the least significant first (IEEE 754
//! binary32). A list's decimals are read as such floats and written as the shortest decimals that
//! are read back the same, so nothing changes on the way there and back.

use std::borrow::Cow;

use crate::base64;
use crate::error::Fault;
use crate::node;

use super::request::Dtype;

/// A vector as a provider gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Vector {
    /// A JSON list of numbers.
    List(String),
    /// Base64.
    Packed(String),
}

impl Vector {
    /// The vector that stands in `json`: a list or a string.
    pub(super) fn read(json: &str) -> Result<Vector, Fault> {
        match json.as_bytes().first() {
            Some(b'[') => Ok(Vector::List(json.to_owned())),
            Some(b'"') => serde_json::from_str(json).map(Vector::Packed).map_err(|_| broken()),
            _ => Err(Fault::unreadable("the provider gave something else in place of a vector")),
        }
    }

    /// Its numbers as a JSON list. A list stays as it is.
    pub(super) fn list(&self, dtype: Dtype) -> Result<Cow<'_, str>, Fault> {
        let packed = match self {
            Vector::List(list) => return Ok(Cow::Borrowed(list)),
            Vector::Packed(packed) => packed,
        };
        let bytes = base64::decode(packed).ok_or_else(broken)?;
        let mut out = String::with_capacity(bytes.len() * 3);
        match dtype {
            Dtype::Float => {
                let (floats, rest) = bytes.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(broken());
                }
                for float in floats {
                    let float = f32::from_le_bytes(*float);
                    if !float.is_finite() {
                        return Err(broken());
                    }
                    next(&mut out, &serde_json::to_string(&float).map_err(|_| broken())?);
                }
            }
            Dtype::Int8 | Dtype::Binary => {
                bytes.iter().for_each(|byte| next(&mut out, &byte.cast_signed().to_string()));
            }
            Dtype::Uint8 | Dtype::Ubinary => {
                bytes.iter().for_each(|byte| next(&mut out, &byte.to_string()));
            }
        }
        if out.is_empty() {
            out.push('[');
        }
        out.push(']');
        Ok(Cow::Owned(out))
    }

    /// Its bytes as base64. Base64 stays as it is.
    pub(super) fn packed(&self, dtype: Dtype) -> Result<Cow<'_, str>, Fault> {
        let list = match self {
            Vector::Packed(packed) => return Ok(Cow::Borrowed(packed)),
            Vector::List(list) => list,
        };
        let numbers = node::list(list, "embedding").map_err(|_| broken())?;
        let mut bytes = Vec::with_capacity(numbers.len() * 4);
        for number in numbers {
            match dtype {
                Dtype::Float => {
                    let float: f32 = number.parse().map_err(|_| broken())?;
                    if !float.is_finite() {
                        return Err(broken());
                    }
                    bytes.extend_from_slice(&float.to_le_bytes());
                }
                Dtype::Int8 | Dtype::Binary => {
                    bytes.push(number.parse::<i8>().map_err(|_| broken())?.cast_unsigned());
                }
                Dtype::Uint8 | Dtype::Ubinary => {
                    bytes.push(number.parse::<u8>().map_err(|_| broken())?);
                }
            }
        }
        Ok(Cow::Owned(base64::encode(&bytes)))
    }
}

/// Appends a number to a list without its end.
fn next(out: &mut String, number: &str) {
    out.push(if out.is_empty() { '[' } else { ',' });
    out.push_str(number);
}

fn broken() -> Fault {
    Fault::unreadable("a vector in the provider's answer cannot be read")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn floats_are_four_bytes_least_significant_first() {
        let list = Vector::List("[1, -0.5 ,0.1]".to_owned());
        let packed = list.packed(Dtype::Float).expect("numbers").into_owned();
        // struct.pack("<3f", 1, -0.5, 0.1)
        assert_eq!(packed, "AACAPwAAAL/NzMw9");
        let back = Vector::Packed(packed).list(Dtype::Float).expect("bytes").into_owned();
        assert_eq!(back, "[1.0,-0.5,0.1]");
        assert_eq!(Vector::Packed(String::new()).list(Dtype::Float).as_deref(), Ok("[]"));
    }

    #[test]
    fn numbers_of_a_byte_are_one_byte() {
        let list = Vector::List("[-1,127,-128]".to_owned());
        let packed = list.packed(Dtype::Int8).expect("bytes").into_owned();
        assert_eq!(packed, "/3+A");
        let packed = Vector::Packed(packed);
        assert_eq!(packed.list(Dtype::Binary).as_deref(), Ok("[-1,127,-128]"));
        assert_eq!(packed.list(Dtype::Uint8).as_deref(), Ok("[255,127,128]"));
    }

    #[test]
    fn what_is_no_vector_is_a_fault() {
        for json in ["{}", "null", "7", "\"\\ud800\""] {
            assert!(Vector::read(json).is_err(), "{json}");
        }
        for list in ["[null]", "[\"a\"]", "[[1]]", "[1e99]"] {
            let vector = Vector::read(list).expect("a list");
            assert!(vector.packed(Dtype::Float).is_err(), "{list}");
        }
        for packed in ["AAAA", "A", "AADAfw=="] {
            assert!(Vector::Packed(packed.to_owned()).list(Dtype::Float).is_err(), "{packed}");
        }
    }

    proptest! {
        #[test]
        fn a_float_is_the_same_there_and_back(bits in any::<u32>()) {
            let float = f32::from_bits(bits);
            prop_assume!(float.is_finite());
            let packed = Vector::Packed(base64::encode(&float.to_le_bytes()));
            let list = packed.list(Dtype::Float).expect("a float").into_owned();
            let again = Vector::List(list).packed(Dtype::Float).expect("a float").into_owned();
            prop_assert_eq!(Vector::Packed(again), packed);
        }
    }
}
