//! Writes records as JSON: the bytes that `serde_json` would write, for a third of its price.
//!
//! Nearly all of a record is names, ids and figures: text without anything to escape, which is found
//! out a word at a time and copied whole. Knows no record: what a field is called, and whether it is
//! there, is said once, where records are defined.

use std::fmt;

use serde::ser::{self, Serialize};

/// Appends `value`. Bytes ([`Serialize`] as `serialize_bytes`) are JSON already.
///
/// # Errors
/// For what no record holds: fractions, keys that are no text.
pub(super) fn append(out: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Unwritten> {
    value.serialize(Writer(out))
}

/// The bytes of `value`.
///
/// # Errors
/// Those of [`append`].
pub(super) fn bytes(value: &impl Serialize) -> Result<Vec<u8>, Unwritten> {
    let mut out = Vec::with_capacity(512);
    append(&mut out, value)?;
    Ok(out)
}

/// JSON that was made before: goes in as it is.
pub struct Made<'a>(pub &'a [u8]);

impl Serialize for Made<'_> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Why a value is no JSON.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unwritten(String);

impl ser::Error for Unwritten {
    fn custom<T: fmt::Display>(message: T) -> Unwritten {
        Unwritten(message.to_string())
    }
}

impl From<Unwritten> for super::Unwritable {
    fn from(err: Unwritten) -> super::Unwritable {
        super::Unwritable(err.0)
    }
}

fn unwritten<T>(what: &str) -> Result<T, Unwritten> {
    Err(Unwritten(format!("a record holds {what}")))
}

struct Writer<'o>(&'o mut Vec<u8>);

/// A list, an object, and what closes it.
struct Open<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
    close: &'static [u8],
}

impl<'o> Open<'o> {
    fn new(out: &'o mut Vec<u8>, open: u8, close: &'static [u8]) -> Open<'o> {
        out.push(open);
        Open { out, empty: true, close }
    }

    fn comma(&mut self) {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(b',');
        }
    }

    fn item(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Unwritten> {
        self.comma();
        value.serialize(Writer(self.out))
    }

    /// `key` is the name of a field, and needs no escape.
    fn field(
        &mut self,
        key: &'static str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), Unwritten> {
        self.comma();
        name(self.out, key);
        value.serialize(Writer(self.out))
    }

    fn end(self) -> Result<(), Unwritten> {
        self.out.extend_from_slice(self.close);
        Ok(())
    }
}

fn name(out: &mut Vec<u8>, key: &str) {
    out.reserve(key.len() + 3);
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

/// No branch per byte: the compiler makes vector instructions of it.
fn is_plain(text: &[u8]) -> bool {
    !text.iter().fold(false, |any, b| any | (*b == b'"') | (*b == b'\\') | (*b < 0x20))
}

fn text(out: &mut Vec<u8>, text: &str) -> Result<(), Unwritten> {
    if !is_plain(text.as_bytes()) {
        return serde_json::to_writer(out, text).map_err(ser::Error::custom);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

fn number(out: &mut Vec<u8>, negative: bool, mut value: u64) {
    let mut digits = [0; 21];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    if negative {
        at -= 1;
        digits[at] = b'-';
    }
    out.extend_from_slice(&digits[at..]);
}

macro_rules! numbers {
    ($($signed:ident $i:ty, $unsigned:ident $u:ty;)*) => {$(
        fn $signed(self, value: $i) -> Result<(), Unwritten> {
            number(self.0, value < 0, i64::from(value).unsigned_abs());
            Ok(())
        }

        fn $unsigned(self, value: $u) -> Result<(), Unwritten> {
            number(self.0, false, u64::from(value));
            Ok(())
        }
    )*};
}

impl<'o> ser::Serializer for Writer<'o> {
    type Ok = ();
    type Error = Unwritten;
    type SerializeSeq = Open<'o>;
    type SerializeTuple = Open<'o>;
    type SerializeTupleStruct = Open<'o>;
    type SerializeTupleVariant = Open<'o>;
    type SerializeMap = ser::Impossible<(), Unwritten>;
    type SerializeStruct = Open<'o>;
    type SerializeStructVariant = Open<'o>;

    numbers! {
        serialize_i8 i8, serialize_u8 u8;
        serialize_i16 i16, serialize_u16 u16;
        serialize_i32 i32, serialize_u32 u32;
        serialize_i64 i64, serialize_u64 u64;
    }

    fn serialize_bool(self, value: bool) -> Result<(), Unwritten> {
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_f32(self, _: f32) -> Result<(), Unwritten> {
        unwritten("a fraction")
    }

    fn serialize_f64(self, _: f64) -> Result<(), Unwritten> {
        unwritten("a fraction")
    }

    fn serialize_char(self, value: char) -> Result<(), Unwritten> {
        text(self.0, value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Unwritten> {
        text(self.0, value)
    }

    fn serialize_bytes(self, json: &[u8]) -> Result<(), Unwritten> {
        self.0.extend_from_slice(json);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unwritten> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritten> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unwritten> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unwritten> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Unwritten> {
        text(self.0, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unwritten> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unwritten> {
        let mut open = Open::new(self.0, b'{', b"}");
        open.field(variant, value)?;
        open.end()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'o>, Unwritten> {
        Ok(Open::new(self.0, b'[', b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'o>, Unwritten> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'o>, Unwritten> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'o>, Unwritten> {
        self.0.push(b'{');
        name(self.0, variant);
        Ok(Open::new(self.0, b'[', b"]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unwritten> {
        unwritten("a map")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Open<'o>, Unwritten> {
        Ok(Open::new(self.0, b'{', b"}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'o>, Unwritten> {
        self.0.push(b'{');
        name(self.0, variant);
        Ok(Open::new(self.0, b'{', b"}}"))
    }
}

macro_rules! opened {
    ($($of:ident: $one:ident($($key:ident)?) by $with:ident;)*) => {$(
        impl ser::$of for Open<'_> {
            type Ok = ();
            type Error = Unwritten;

            fn $one<T: Serialize + ?Sized>(
                &mut self,
                $($key: &'static str,)?
                value: &T,
            ) -> Result<(), Unwritten> {
                self.$with($($key,)? value)
            }

            fn end(self) -> Result<(), Unwritten> {
                Open::end(self)
            }
        }
    )*};
}

opened! {
    SerializeSeq: serialize_element() by item;
    SerializeTuple: serialize_element() by item;
    SerializeTupleStruct: serialize_field() by item;
    SerializeTupleVariant: serialize_field() by item;
    SerializeStruct: serialize_field(key) by field;
    SerializeStructVariant: serialize_field(key) by field;
}

#[cfg(test)]
mod tests;
