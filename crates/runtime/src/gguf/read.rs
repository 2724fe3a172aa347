//! Reading a head that may be hostile: every length is bounded before it is believed.

use super::{Header, Tensor, TensorKind, Value};
use crate::messages::{GGUF_FILE, GGUF_INVALID};
use ingot_base::{Fault, Lang, Result, Text, fault};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What a head may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the head.
    pub head: usize,
    /// Entries of the metadata.
    pub entries: u64,
    /// Bytes of one text.
    pub text: u64,
    /// Elements of all lists together.
    pub elements: u64,
    /// Tensors.
    pub tensors: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 256 << 20,
            entries: 4096,
            text: 16 << 20,
            elements: 8_000_000,
            tensors: 65_536,
        }
    }
}

/// Reads the head at the start of `bytes`, a whole file or its beginning, and checks that every tensor lies within a file of
/// `size` bytes and none on another.
///
/// # Errors
/// When this is no such file, or larger than the limits; the fault says where.
pub fn read(bytes: &[u8], size: u64, limits: &Limits) -> Result<Header> {
    let bytes = bytes.get(..limits.head.min(bytes.len())).unwrap_or(bytes);
    let mut cursor = Cursor { bytes, at: 0, elements: limits.elements, limits };
    cursor.header(size).map_err(|detail| Fault::new(&GGUF_INVALID).words("detail", detail))
}

/// Reads the head of a file; the tensors stay on disk.
///
/// # Errors
/// When the file cannot be read, or as [`read`].
pub fn read_file(path: &Path, limits: &Limits) -> Result<Header> {
    let unread = |error| Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error);
    let mut file = File::open(path).map_err(unread)?;
    let size = file.metadata().map_err(unread)?.len();
    let mut want = 4 << 20;
    let mut bytes = Vec::new();
    loop {
        (&mut file).take(want).read_to_end(&mut bytes).map_err(unread)?;
        match read(&bytes, size, limits) {
            Ok(header) => return Ok(header),
            Err(fault) if bytes.len() >= limits.head || bytes.len() as u64 >= size => {
                return Err(of_file(path, &fault));
            }
            Err(_) => want = bytes.len() as u64,
        }
    }
}

/// A fault of a file's content, with the file's name.
pub fn of_file(path: &Path, why: &Fault) -> Fault {
    let why = Text::new(why.render(Lang::En), why.render(Lang::Zh));
    Fault::new(&GGUF_FILE).arg("path", path.display()).words("why", why)
}

/// Something, or what is wrong with the file.
type Found<T> = std::result::Result<T, Text>;

fn wrong<T>(english: impl Into<String>, chinese: impl Into<String>) -> Found<T> {
    Err(Text::new(english, chinese))
}

fn cut() -> Text {
    Text::new("is cut off", "不完整")
}

/// What is wrong with one of several things that are numbered.
fn numbered(index: u64, (english, chinese): (&str, &str), detail: &Text) -> Text {
    let en = format!("{english} {index} {}", detail.en);
    Text::new(en, format!("第 {index} {chinese}{}", detail.zh))
}

const ENTRY: (&str, &str) = ("entry", "项元数据");
const TENSOR: (&str, &str) = ("tensor", "个张量");

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// List elements that may still come.
    elements: u64,
    limits: &'a Limits,
}

impl Cursor<'_> {
    fn header(&mut self, size: u64) -> Found<Header> {
        let twice = || Text::new("has a name that was there before", "的名称重复");
        if self.take(4)? != b"GGUF" {
            return wrong("it does not begin as one", "开头不是 GGUF 标记");
        }
        let version = self.u32()?;
        if !(2..=3).contains(&version) {
            return wrong(
                format!("it is of version {version}; known are 2 and 3"),
                format!("版本为 {version}，仅支持 2 和 3"),
            );
        }
        let tensors = self.count(self.limits.tensors, ("tensors", "个张量"))?;
        let entries = self.count(self.limits.entries, ("entries", "项元数据"))?;
        let (mut metadata, mut kinds) = (BTreeMap::new(), BTreeMap::new());
        for index in 0..entries {
            let key = self.text(65_535)?;
            let kind = self.u32()?;
            let value = self.value(kind).map_err(|detail| numbered(index, ENTRY, &detail))?;
            kinds.insert(key.clone(), kind);
            if metadata.insert(key, value).is_some() {
                return Err(numbered(index, ENTRY, &twice()));
            }
        }
        let alignment = match metadata.get("general.alignment") {
            None => 32,
            Some(value) => value
                .unsigned()
                .filter(|number| number.is_power_of_two() && (8..=65_536).contains(number))
                .ok_or_else(|| Text::new("its alignment is impossible", "对齐值无效"))?,
        };
        let mut list = Vec::new();
        let mut names = BTreeSet::new();
        for index in 0..tensors {
            let tensor = self.tensor().map_err(|detail| numbered(index, TENSOR, &detail))?;
            if !tensor.offset.is_multiple_of(alignment) {
                let between = Text::new("begins between two places", "的起始位置未对齐");
                return Err(numbered(index, TENSOR, &between));
            }
            if !names.insert(tensor.name.clone()) {
                return Err(numbered(index, TENSOR, &twice()));
            }
            list.push(tensor);
        }
        let data = (self.at as u64).next_multiple_of(alignment);
        apart(&list, size.checked_sub(data))?;
        Ok(Header { version, metadata, kinds, tensors: list, data })
    }

    fn tensor(&mut self) -> Found<Tensor> {
        let shape = || Text::new("has an impossible shape", "的形状无效");
        let name = self.text(63)?;
        let count = self.u32()?;
        if !(1..=4).contains(&count) {
            return wrong(format!("has {count} dimensions"), format!("有 {count} 个维度"));
        }
        let dims: Vec<u64> = (0..count).map(|_| self.u64()).collect::<Found<_>>()?;
        if dims.iter().any(|dim| *dim == 0 || *dim > i64::MAX as u64) {
            return Err(shape());
        }
        let kind = self.u32()?;
        let kind = TensorKind::of(kind).ok_or_else(|| unknown(kind))?;
        let bytes = kind.size(&dims).ok_or_else(shape)?;
        let offset = self.u64()?;
        Ok(Tensor { name, dims, kind, offset, bytes })
    }

    fn value(&mut self, kind: u32) -> Found<Value> {
        Ok(match kind {
            0 | 2 | 4 | 10 => Value::Unsigned(self.integer(kind)?.cast_unsigned()),
            1 | 3 | 5 | 11 => Value::Signed(self.integer(kind)?),
            6 => Value::Float(f64::from(f32::from_le_bytes(self.array()?))),
            12 => Value::Float(f64::from_le_bytes(self.array()?)),
            7 => Value::Bool(self.flag()?),
            8 => Value::Text(self.text(self.limits.text)?),
            9 => self.list()?,
            _ => return Err(unknown(kind)),
        })
    }

    fn list(&mut self) -> Found<Value> {
        let kind = self.u32()?;
        let count = self.u64()?;
        // Every element takes at least one byte: no length is believed that the file cannot hold.
        if count > self.elements || count > (self.bytes.len() - self.at) as u64 {
            return wrong(
                format!("is a list of {count} elements, more than there can be"),
                format!("是 {count} 个元素的列表，超出可能的数量"),
            );
        }
        self.elements -= count;
        Ok(match kind {
            6 => Value::Floats(
                (0..count).map(|_| Ok(f32::from_le_bytes(self.array()?))).collect::<Found<_>>()?,
            ),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "lists of doubles carry small figures"
            )]
            12 => Value::Floats(
                (0..count)
                    .map(|_| Ok(f64::from_le_bytes(self.array()?) as f32))
                    .collect::<Found<_>>()?,
            ),
            7 => Value::Integers(
                (0..count).map(|_| self.flag().map(i64::from)).collect::<Found<_>>()?,
            ),
            8 => {
                Value::Texts((0..count).map(|_| self.text(self.limits.text)).collect::<Found<_>>()?)
            }
            0..=5 | 10 | 11 => {
                Value::Integers((0..count).map(|_| self.integer(kind)).collect::<Found<_>>()?)
            }
            9 => return wrong("is a list of lists", "是列表的列表"),
            _ => {
                return wrong(
                    format!("is a list of an unknown type {kind}"),
                    format!("是未知类型 {kind} 的列表"),
                );
            }
        })
    }

    /// A whole number of any type; the largest unsigned ones keep their bits.
    fn integer(&mut self, kind: u32) -> Found<i64> {
        Ok(match kind {
            0 => i64::from(u8::from_le_bytes(self.array()?)),
            1 => i64::from(i8::from_le_bytes(self.array()?)),
            2 => i64::from(u16::from_le_bytes(self.array()?)),
            3 => i64::from(i16::from_le_bytes(self.array()?)),
            4 => i64::from(self.u32()?),
            5 => i64::from(i32::from_le_bytes(self.array()?)),
            10 => self.u64()?.cast_signed(),
            _ => i64::from_le_bytes(self.array()?),
        })
    }

    fn flag(&mut self) -> Found<bool> {
        match self.take(1)? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => wrong("is neither yes nor no", "不是布尔值"),
        }
    }

    fn count(&mut self, most: u64, (english, chinese): (&str, &str)) -> Found<u64> {
        let count = self.u64()?;
        if count > most {
            wrong(
                format!("it has {count} {english}, more than {most}"),
                format!("有 {count} {chinese}，超过上限 {most}"),
            )
        } else {
            Ok(count)
        }
    }

    fn text(&mut self, most: u64) -> Found<String> {
        let length = self.u64()?;
        if length > most {
            return wrong(
                format!("has a text of {length} bytes, more than {most}"),
                format!("含 {length} 字节的文本，超过上限 {most}"),
            );
        }
        let length = usize::try_from(length)
            .map_err(|_| Text::new("has an endless text", "含长度无效的文本"))?;
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    fn u32(&mut self) -> Found<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Found<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn array<const N: usize>(&mut self) -> Found<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| cut())
    }

    fn take(&mut self, length: usize) -> Found<&[u8]> {
        let end = self.at.checked_add(length).ok_or_else(cut)?;
        let taken = self.bytes.get(self.at..end).ok_or_else(cut)?;
        self.at = end;
        Ok(taken)
    }
}

fn unknown(kind: u32) -> Text {
    Text::new(format!("is of an unknown type {kind}"), format!("的类型 {kind} 未知"))
}

/// Whether all tensors lie within the file, and none on another.
fn apart(tensors: &[Tensor], size: Option<u64>) -> Found<()> {
    if tensors.is_empty() {
        return Ok(());
    }
    let size = size
        .ok_or_else(|| Text::new("it is cut off before the tensors", "文件在张量之前就已中断"))?;
    let mut places: Vec<(u64, u64)> = tensors.iter().map(|one| (one.offset, one.bytes)).collect();
    places.sort_unstable();
    let mut free = 0;
    for (offset, bytes) in places {
        let end = offset.checked_add(bytes).filter(|end| *end <= size);
        let end =
            end.ok_or_else(|| Text::new("a tensor ends after the file", "有张量超出文件末尾"))?;
        if offset < free {
            return wrong("a tensor lies on another", "有张量相互重叠");
        }
        free = end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Data, write};
    use super::*;
    use proptest::prelude::*;

    fn small() -> Vec<u8> {
        let metadata = BTreeMap::from([
            ("general.architecture".to_owned(), Value::Text("llama".into())),
            ("a.number".to_owned(), Value::Unsigned(7)),
            ("a.sign".to_owned(), Value::Signed(-7)),
            ("a.float".to_owned(), Value::Float(0.5)),
            ("a.flag".to_owned(), Value::Bool(true)),
            ("list.texts".to_owned(), Value::Texts(vec!["一".into(), "b".into()])),
            ("list.floats".to_owned(), Value::Floats(vec![1.0, 2.0])),
            ("list.whole".to_owned(), Value::Integers(vec![3, -4])),
        ]);
        let numbers = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0];
        let tensors =
            [("w", vec![3, 2], Data::F32(&numbers)), ("b", vec![2], Data::F32(&numbers[..2]))];
        write(&metadata, &tensors).unwrap()
    }

    fn whole(bytes: &[u8]) -> Result<Header> {
        read(bytes, bytes.len() as u64, &Limits::default())
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = small();
        let header = whole(&bytes).unwrap();
        assert_eq!(header.text("general.architecture"), Some("llama"));
        assert_eq!(header.number("a.number"), Some(7));
        assert_eq!(header.metadata["a.sign"], Value::Signed(-7));
        assert_eq!(header.metadata["list.texts"], Value::Texts(vec!["一".into(), "b".into()]));
        assert_eq!(header.metadata["list.whole"], Value::Integers(vec![3, -4]));
        let tensor = header.tensor("w").unwrap();
        assert_eq!((tensor.dims.as_slice(), tensor.bytes), ([3, 2].as_slice(), 24));
        let at = usize::try_from(header.data + tensor.offset).unwrap();
        assert_eq!(&bytes[at..at + 4], 1.0_f32.to_le_bytes());
        assert_eq!(header.tensor_bytes(), 32);
    }

    #[test]
    fn lies_about_lengths_are_refused_before_anything_is_allocated() {
        for at in [8, 16, 24] {
            let mut bytes = small();
            bytes[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
            assert!(whole(&bytes).is_err(), "{at}");
        }
        let mut cut = small();
        cut.truncate(cut.len() - 8);
        let fault = whole(&cut).unwrap_err();
        assert!(fault.to_string().contains("after the file"));
        assert_eq!(fault.render(Lang::Zh), "拒绝该 GGUF 文件：有张量超出文件末尾");
        let named = of_file(Path::new("a.gguf"), &fault);
        assert_eq!(named.render(Lang::Zh), "文件 `a.gguf`：拒绝该 GGUF 文件：有张量超出文件末尾");
        assert!(whole(b"GGUF").is_err() && whole(b"").is_err());
        let few = Limits { entries: 3, ..Limits::default() };
        assert!(read(&small(), 4096, &few).unwrap_err().to_string().contains("8 entries"));
    }

    #[test]
    fn tensors_must_not_lie_on_each_other() {
        let tensor = |offset, bytes| Tensor {
            name: String::new(),
            dims: vec![1],
            kind: TensorKind::F32,
            offset,
            bytes,
        };
        assert!(apart(&[tensor(0, 32), tensor(32, 4)], Some(64)).is_ok());
        assert!(apart(&[tensor(0, 36), tensor(32, 4)], Some(64)).is_err());
        assert!(apart(&[tensor(u64::MAX - 31, 64)], Some(64)).is_err());
        assert!(apart(&[tensor(0, 4)], None).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            changes in proptest::collection::vec((0_usize..4096, any::<u8>()), 1..8),
            cut in 0_usize..4096,
        ) {
            let mut bytes = small();
            for (at, byte) in changes {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            bytes.truncate(cut.max(1));
            let _ = whole(&bytes);
        }

        #[test]
        fn no_lengths_make_it_panic(at in 0_usize..400, value in any::<u64>()) {
            let mut bytes = small();
            let at = at.min(bytes.len() - 8);
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            let _ = whole(&bytes);
        }
    }
}
