//! Python's pickle format as inert values (PEP 307; the opcodes of `pickletools`). A pickle is a program; this reader
//! runs only opcodes that build values, and a name that the program asks for stays a name: nothing is imported or called.

use std::collections::BTreeMap;
use std::rc::Rc;

/// Values on the stack at most.
const STACK: usize = 1 << 20;

/// What a pickle builds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// A number too large for [`Value::Int`], as its little-endian bytes.
    Long(Vec<u8>),
    Float(f64),
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    Tuple(Rc<[Value]>),
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    /// A name of a module's.
    Global(Rc<str>),
    /// What the program would call, and with what.
    Call(Rc<str>, Rc<[Value]>),
    /// An object that lies outside the pickle.
    Persistent(Rc<Value>),
}

impl Value {
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn whole(&self) -> Option<usize> {
        if let Self::Int(number) = self { usize::try_from(*number).ok() } else { None }
    }

    pub(crate) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::Tuple(items) => Some(items),
            Self::List(items) => Some(items),
            _ => None,
        }
    }
}

/// Why a pickle is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It ends early, or its stack does.
    Damaged,
    /// An opcode that is not on the list.
    Opcode(u8),
    /// A name that is not on the list.
    Name(String),
}

type Step<T> = Result<T, Refusal>;

/// Reads one pickle from the front of `bytes`; only these names may appear in it. Gives the value and the bytes after it.
pub(crate) fn read<'b>(bytes: &'b [u8], names: &[&str]) -> Step<(Value, &'b [u8])> {
    let mut machine =
        Machine { rest: bytes, names, stack: Vec::new(), marks: Vec::new(), memo: BTreeMap::new() };
    while machine.step()? {
        if machine.stack.len() > STACK {
            return Err(Refusal::Damaged);
        }
    }
    let value = machine.pop()?;
    Ok((value, machine.rest))
}

struct Machine<'b, 'n> {
    rest: &'b [u8],
    names: &'n [&'n str],
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: BTreeMap<u32, Value>,
}

impl<'b> Machine<'b, '_> {
    fn take(&mut self, count: usize) -> Step<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Refusal::Damaged)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A little-endian number of up to eight bytes.
    fn number(&mut self, bytes: usize) -> Step<u64> {
        Ok(self.take(bytes)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn small(&mut self, bytes: usize) -> Step<usize> {
        usize::try_from(self.number(bytes)?).map_err(|_| Refusal::Damaged)
    }

    fn line(&mut self) -> Step<&'b str> {
        let end = self.rest.iter().position(|byte| *byte == b'\n').ok_or(Refusal::Damaged)?;
        let line = self.take(end + 1)?;
        let line = line.get(..end).ok_or(Refusal::Damaged)?;
        std::str::from_utf8(line).map_err(|_| Refusal::Damaged)
    }

    fn pop(&mut self) -> Step<Value> {
        self.stack.pop().ok_or(Refusal::Damaged)
    }

    fn top(&mut self) -> Step<&mut Value> {
        self.stack.last_mut().ok_or(Refusal::Damaged)
    }

    /// Everything above the last mark.
    fn marked(&mut self) -> Step<Vec<Value>> {
        let mark =
            self.marks.pop().filter(|mark| *mark <= self.stack.len()).ok_or(Refusal::Damaged)?;
        Ok(self.stack.split_off(mark))
    }

    fn last(&mut self, count: usize) -> Step<Vec<Value>> {
        let at = self.stack.len().checked_sub(count).ok_or(Refusal::Damaged)?;
        Ok(self.stack.split_off(at))
    }

    fn text(&mut self, length: usize) -> Step<Value> {
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| Refusal::Damaged)?;
        Ok(Value::Text(text.into()))
    }

    fn memoize(&mut self, slot: u64) -> Step<()> {
        let slot = u32::try_from(slot).map_err(|_| Refusal::Damaged)?;
        let value = self.top()?.clone();
        self.memo.insert(slot, value);
        Ok(())
    }

    fn recall(&mut self, slot: u64) -> Step<Value> {
        let slot = u32::try_from(slot).map_err(|_| Refusal::Damaged)?;
        self.memo.get(&slot).cloned().ok_or(Refusal::Damaged)
    }

    fn set_items(&mut self, items: Vec<Value>) -> Step<()> {
        if items.len() % 2 == 1 {
            return Err(Refusal::Damaged);
        }
        let mut items = items.into_iter();
        let pairs = std::iter::from_fn(|| Some((items.next()?, items.next()?)));
        match self.top()? {
            Value::Dict(entries) => entries.extend(pairs),
            // An ordered dictionary is made by a call and then filled.
            made @ Value::Call(..) => *made = Value::Dict(pairs.collect()),
            _ => return Err(Refusal::Damaged),
        }
        Ok(())
    }

    fn append(&mut self, items: Vec<Value>) -> Step<()> {
        match self.top()? {
            Value::List(list) => list.extend(items),
            _ => return Err(Refusal::Damaged),
        }
        Ok(())
    }

    /// Does one opcode; false at the end.
    fn step(&mut self) -> Step<bool> {
        let opcode = self.number(1)?.to_le_bytes()[0];
        let value = match opcode {
            b'.' => return Ok(false),
            0x80 => {
                self.take(1)?;
                return Ok(true);
            }
            b'(' => {
                self.marks.push(self.stack.len());
                return Ok(true);
            }
            b'q' | b'r' => {
                let slot = self.number(if opcode == b'q' { 1 } else { 4 })?;
                self.memoize(slot)?;
                return Ok(true);
            }
            b's' | b'u' => {
                let items = if opcode == b's' { self.last(2)? } else { self.marked()? };
                self.set_items(items)?;
                return Ok(true);
            }
            b'a' | b'e' => {
                let items = if opcode == b'a' { self.last(1)? } else { self.marked()? };
                self.append(items)?;
                return Ok(true);
            }
            // State of an object: attributes beside its items, which no weight needs.
            b'b' => {
                self.pop()?;
                return Ok(true);
            }
            b'h' => {
                let slot = self.number(1)?;
                self.recall(slot)?
            }
            b'j' => {
                let slot = self.number(4)?;
                self.recall(slot)?
            }
            b'c' => self.name()?,
            b'R' => self.call()?,
            b'Q' => Value::Persistent(Rc::new(self.pop()?)),
            _ => self.literal(opcode)?,
        };
        self.stack.push(value);
        Ok(true)
    }

    fn literal(&mut self, opcode: u8) -> Step<Value> {
        Ok(match opcode {
            b'N' => Value::None,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'K' => Value::Int(i64::try_from(self.number(1)?).unwrap_or_default()),
            b'M' => Value::Int(i64::try_from(self.number(2)?).unwrap_or_default()),
            b'J' => {
                let bytes = self.take(4)?.try_into().map_err(|_| Refusal::Damaged)?;
                Value::Int(i64::from(i32::from_le_bytes(bytes)))
            }
            0x8a => {
                let length = self.small(1)?;
                let bytes = self.take(length)?;
                match length {
                    0 => Value::Int(0),
                    1..=8 => Value::Int(signed(bytes)),
                    _ => Value::Long(bytes.to_vec()),
                }
            }
            b'G' => {
                let bytes = self.take(8)?.try_into().map_err(|_| Refusal::Damaged)?;
                Value::Float(f64::from_be_bytes(bytes))
            }
            b'X' => {
                let length = self.small(4)?;
                self.text(length)?
            }
            0x8c | b'U' => {
                let length = self.small(1)?;
                self.text(length)?
            }
            b'B' => {
                let length = self.small(4)?;
                Value::Bytes(self.take(length)?.into())
            }
            b'C' => {
                let length = self.small(1)?;
                Value::Bytes(self.take(length)?.into())
            }
            b'}' => Value::Dict(Vec::new()),
            b']' => Value::List(Vec::new()),
            b')' => Value::Tuple(Rc::new([])),
            0x85 => Value::Tuple(self.last(1)?.into()),
            0x86 => Value::Tuple(self.last(2)?.into()),
            0x87 => Value::Tuple(self.last(3)?.into()),
            b't' => Value::Tuple(self.marked()?.into()),
            other => return Err(Refusal::Opcode(other)),
        })
    }

    fn name(&mut self) -> Step<Value> {
        let (module, name) = (self.line()?, self.line()?);
        let full = format!("{module}.{name}");
        if self.names.contains(&full.as_str()) {
            Ok(Value::Global(full.into()))
        } else {
            Err(Refusal::Name(full.chars().take(100).collect()))
        }
    }

    fn call(&mut self) -> Step<Value> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        match (callee, arguments) {
            (Value::Global(name), Value::Tuple(arguments)) => Ok(Value::Call(name, arguments)),
            _ => Err(Refusal::Damaged),
        }
    }
}

fn signed(bytes: &[u8]) -> i64 {
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let fill = if negative { 0xff } else { 0 };
    let mut whole = [fill; 8];
    for (slot, byte) in whole.iter_mut().zip(bytes) {
        *slot = *byte;
    }
    i64::from_le_bytes(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_come_out_as_python_wrote_them() {
        // pickle.dumps({"a": (1, -2, 300, None, True), "b": [1.5]}, protocol=2)
        let bytes = b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01(K\x01J\xfe\xff\xff\xffM,\x01N\x88tq\x02X\x01\x00\x00\x00bq\x03]q\x04G?\xf8\x00\x00\x00\x00\x00\x00au.rest";
        let (value, rest) = read(bytes, &[]).unwrap();
        assert_eq!(rest, b"rest");
        let tuple =
            [Value::Int(1), Value::Int(-2), Value::Int(300), Value::None, Value::Bool(true)];
        let expected = Value::Dict(vec![
            (Value::Text("a".into()), Value::Tuple(tuple.into())),
            (Value::Text("b".into()), Value::List(vec![Value::Float(1.5)])),
        ]);
        assert_eq!(value, expected);
    }

    #[test]
    fn a_program_is_refused_by_the_name_it_asks_for() {
        // What `os.system("id")` pickles to.
        let bytes = b"\x80\x02cposix\nsystem\nq\x00X\x02\x00\x00\x00idq\x01\x85q\x02Rq\x03.";
        assert_eq!(read(bytes, &["torch.FloatStorage"]), Err(Refusal::Name("posix.system".into())));
        assert_eq!(read(b"\x80\x02i", &[]), Err(Refusal::Opcode(b'i')));
        assert_eq!(read(b"\x80\x02R.", &[]), Err(Refusal::Damaged));
        assert_eq!(read(b"\x80\x02X\xff\xff\xff\xffa", &[]), Err(Refusal::Damaged));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, &["a.b"]);
        }
    }
}
