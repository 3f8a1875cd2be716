//! PyTorch's `.pt` of a state dict: a zip [archive](crate::archive) of one [pickle](super::pickle) and raw storages
//! (`core/spec/student.md`; later versions name the folder after the file and add entries such as `byteorder`).

use crate::archive::{Archive, ArchiveError};

use super::{
    pickle::{self, TensorInfo},
    weights::{Tensor, Weights, WeightsError},
};

/// Reads the state dict of a `.pt`.
pub(super) fn read(file: &[u8]) -> Result<Weights, WeightsError> {
    let file = File::open(file)?;
    let mut weights = Weights::default();
    let mut budget = file.len;
    for (name, info) in pickle::state_dict(file.pickle()?)? {
        let tensor = file.tensor(name, info, &mut budget)?;
        weights.insert(name, tensor)?;
    }
    Ok(weights)
}

/// Reads the tensor of a `.pt` that holds one, or a tuple or list that begins with one.
pub(super) fn read_first(file: &[u8]) -> Result<Tensor, WeightsError> {
    let file = File::open(file)?;
    let info = pickle::first_tensor(file.pickle()?)?;
    let mut budget = file.len;
    file.tensor("", info, &mut budget)
}

/// A `.pt` whose container has been checked.
struct File<'a> {
    archive: Archive<'a>,
    /// The top folder.
    root: &'a str,
    /// In bytes.
    len: usize,
}

impl<'a> File<'a> {
    fn open(file: &'a [u8]) -> Result<Self, WeightsError> {
        let archive = Archive::open(file)?;
        let root = root(&archive)?;
        check_byte_order(&archive, root)?;
        Ok(Self { archive, root, len: file.len() })
    }

    fn pickle(&self) -> Result<&'a [u8], ArchiveError> {
        self.archive.read(&format!("{}/data.pkl", self.root))
    }

    /// The tensor called `name`. Many tensors may share one storage; together they must not take more bytes than the
    /// file did, so each is taken from the `budget`.
    fn tensor(&self, name: &str, info: TensorInfo<'_>, budget: &mut usize) -> Result<Tensor, WeightsError> {
        let fault = |what: &str| WeightsError::Tensor { name: name.to_owned(), what: what.to_owned() };
        let bytes = span(&info).map_err(fault)?;
        *budget = budget.checked_sub(bytes.len()).ok_or(WeightsError::Amplified)?;
        let storage = self.archive.read(&format!("{}/data/{}", self.root, info.storage.key))?;
        if Some(storage.len()) != info.storage.len.checked_mul(info.storage.format.size()) {
            return Err(fault("has a storage of another length than declared"));
        }
        let bytes = storage.get(bytes).ok_or_else(|| fault("reaches beyond its storage"))?;
        Ok(Tensor { values: info.storage.format.decode(bytes), shape: info.shape })
    }
}

/// The archive's one top folder with a `data.pkl`.
fn root<'a>(archive: &Archive<'a>) -> Result<&'a str, WeightsError> {
    let is_root = |name: &&str| !name.contains('/');
    let roots = archive.names().filter_map(|name| name.strip_suffix("/data.pkl")).filter(is_root).collect::<Vec<_>>();
    match roots[..] {
        [root] => Ok(root),
        _ => Err(WeightsError::Roots(roots.len())),
    }
}

/// Versions before 2.0 wrote no marker, and little-endian files.
fn check_byte_order(archive: &Archive<'_>, root: &str) -> Result<(), WeightsError> {
    match archive.read(&format!("{root}/byteorder")) {
        Ok(b"little") | Err(ArchiveError::Missing(_)) => Ok(()),
        Ok(other) => Err(WeightsError::ByteOrder(String::from_utf8_lossy(&other[..other.len().min(16)]).into_owned())),
        Err(error) => Err(error.into()),
    }
}

/// The bytes of a row-major tensor in its storage.
fn span(info: &TensorInfo<'_>) -> Result<std::ops::Range<usize>, &'static str> {
    const TOO_LARGE: &str = "declares an impossible size";
    let count = info.shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n)).ok_or(TOO_LARGE)?;
    if !is_row_major(info, count) {
        return Err("is not stored row by row; save it after .contiguous()");
    }
    let size = info.storage.format.size();
    let start = info.offset.checked_mul(size).ok_or(TOO_LARGE)?;
    let length = count.checked_mul(size).ok_or(TOO_LARGE)?;
    Ok(start..start.checked_add(length).ok_or(TOO_LARGE)?)
}

/// The stride of a dimension of one element is never used, so it may be anything.
fn is_row_major(info: &TensorInfo<'_>, count: usize) -> bool {
    let mut expected = 1;
    let mut dimensions = info.shape.iter().zip(&info.stride).rev();
    count == 0
        || dimensions.all(|(&n, &stride)| {
            let matches = n == 1 || stride == expected;
            expected *= n;
            matches
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::{
        PickleError,
        torch_writer::{self, Archive as Writer, Pickle},
    };
    use super::*;

    fn two_tensors() -> Weights {
        let weight = Tensor { shape: vec![2, 3, 1, 1], values: vec![1.0, -2.0, 3.5, 0.0, 5.0, 6.25] };
        let bias = Tensor { shape: vec![2], values: vec![0.5, -0.5] };
        Weights(BTreeMap::from([("last_linear.weight".to_owned(), weight), ("last_linear.bias".to_owned(), bias)]))
    }

    /// A `.pt` of the entries given, under a top folder.
    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = Writer::default();
        for (name, data) in entries {
            writer.add(name, data);
        }
        writer.finish()
    }

    /// A state dict of tensors (names, offsets, shapes, strides) that share one storage of `declared` numbers; it really
    /// has a multiple of four.
    fn views(tensors: &[(&str, usize, &[usize], &[usize])], declared: usize) -> Vec<u8> {
        let mut pickle = Pickle(vec![0x80, 2]);
        pickle.empty_ordered_dict().op(b'(');
        for (name, offset, shape, stride) in tensors {
            pickle.text(name).global("torch._utils", "_rebuild_tensor_v2").op(b'(').op(b'(').text("storage");
            pickle.global("torch", "FloatStorage").text("0").text("cuda:0").int(declared).op(b't').op(b'Q');
            pickle.int(*offset).ints(shape).ints(stride).op(0x89).empty_ordered_dict().op(b't').op(b'R');
        }
        pickle.op(b'u').op(b'.');
        archive(&[("a/data.pkl", &pickle.0), ("a/data/0", &vec![0; declared / 4 * 16])])
    }

    fn refusal(file: &[u8]) -> String {
        Weights::read(file).expect_err("refused").to_string()
    }

    #[test]
    fn a_written_file_reads_back() {
        let weights = two_tensors();
        assert_eq!(Weights::read(&weights.to_torch().expect("written")).expect("read"), weights);
        assert_eq!(Weights::read(&weights.to_safetensors().expect("written")).expect("read"), weights);
    }

    /// PyTorch 2 names the top folder after the file and adds entries; older versions wrote neither.
    #[test]
    fn both_layouts_of_pytorch_are_read() {
        let (weights, pickle) = (two_tensors(), torch_writer::pickle(&two_tensors()));
        let data = weights.0.values().map(Tensor::to_bytes).collect::<Vec<_>>();
        let new: [(&str, &[u8]); 8] = [
            ("face_morpher/data.pkl", &pickle),
            ("face_morpher/.format_version", b"1"),
            ("face_morpher/.storage_alignment", b"64"),
            ("face_morpher/byteorder", b"little"),
            ("face_morpher/data/0", &data[0]),
            ("face_morpher/data/1", &data[1]),
            ("face_morpher/version", b"3\n"),
            ("face_morpher/.data/serialization_id", b"1234"),
        ];
        assert_eq!(Weights::read(&archive(&new)).expect("read"), weights);
        let old: [(&str, &[u8]); 4] = [
            ("archive/data.pkl", &pickle),
            ("archive/data/0", &data[0]),
            ("archive/data/1", &data[1]),
            ("archive/version", b"3\n"),
        ];
        assert_eq!(Weights::read(&archive(&old)).expect("read"), weights);
    }

    /// A `.pt` of what `wrap` makes of one tensor of six numbers, `[3, 2]`.
    fn one_tensor(wrap: impl FnOnce(&mut Pickle, &dyn Fn(&mut Pickle))) -> Vec<u8> {
        let mut pickle = Pickle(vec![0x80, 2]);
        wrap(&mut pickle, &|pickle| {
            pickle.global("torch._utils", "_rebuild_tensor_v2").op(b'(').op(b'(').text("storage");
            pickle.global("torch", "FloatStorage").text("0").text("cpu").int(6).op(b't').op(b'Q');
            pickle.int(0).ints(&[3, 2]).ints(&[2, 1]).op(0x89).empty_ordered_dict().op(b't').op(b'R');
        });
        pickle.op(b'.');
        let data = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0].map(f32::to_le_bytes);
        archive(&[("a/data.pkl", &pickle.0), ("a/data/0", data.as_flattened())])
    }

    #[test]
    fn a_tensor_alone_or_first_in_a_tuple_or_list_is_read() {
        let expected = Tensor { shape: vec![3, 2], values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        let alone = one_tensor(|pickle, tensor| tensor(pickle));
        let tuple = one_tensor(|pickle, tensor| {
            pickle.op(b'(');
            tensor(pickle);
            pickle.int(7).op(b't');
        });
        let list = one_tensor(|pickle, tensor| {
            pickle.op(b']').op(b'(');
            tensor(pickle);
            pickle.int(7).op(b'e');
        });
        let list_of_one = one_tensor(|pickle, tensor| {
            pickle.op(b']');
            tensor(pickle);
            pickle.op(b'a');
        });
        for file in [alone, tuple, list, list_of_one] {
            assert_eq!(Tensor::read_torch(&file).expect("read"), expected);
            assert!(Weights::read(&file).is_err(), "it is no state dict");
        }
    }

    #[test]
    fn a_file_that_does_not_begin_with_a_tensor_is_refused() {
        let empty = archive(&[("a/data.pkl", b"\x80\x02].")]);
        let number_first = one_tensor(|pickle, tensor| {
            pickle.int(7);
            tensor(pickle);
            pickle.op(0x86);
        });
        // A list within itself is as harmless as any other.
        let cycle = archive(&[("a/data.pkl", b"\x80\x02]q\x00h\x00a.")]);
        for file in [empty, number_first, cycle, two_tensors().to_torch().expect("written")] {
            let message = Tensor::read_torch(&file).expect_err("refused").to_string();
            assert!(message.contains("neither a tensor nor a tuple or list"), "{message}");
        }
        assert!(matches!(Tensor::read_torch(b"junk"), Err(WeightsError::UnknownFormat)));
        let appended = Tensor::read_torch(&archive(&[("a/data.pkl", b"\x80\x02)Na.")])).expect_err("refused");
        assert!(appended.to_string().contains("not a list"), "{appended}");
    }

    #[test]
    fn a_python_function_is_refused_by_name() {
        let mut pickle = Pickle(vec![0x80, 2]);
        pickle.global("os", "system").text("touch /tmp/x").op(0x85).op(b'R').op(b'.');
        let message = refusal(&archive(&[("a/data.pkl", &pickle.0)]));
        assert!(message.contains("`os.system`") && message.contains("was not run"), "{message}");
    }

    #[test]
    fn an_unknown_instruction_is_refused_with_its_place() {
        let file = archive(&[("a/data.pkl", b"\x80\x02\x93.")]);
        assert!(matches!(Weights::read(&file), Err(WeightsError::Pickle(PickleError::Opcode { opcode: 0x93, at: 2 }))));
    }

    #[test]
    fn a_big_endian_file_is_refused() {
        let message = refusal(&archive(&[("a/data.pkl", b"\x80\x02}."), ("a/byteorder", b"big")]));
        assert!(message.contains("big byte order"), "{message}");
    }

    #[test]
    fn paths_that_leave_the_archive_are_refused() {
        for name in ["../data.pkl", "/data.pkl", "a/../../data.pkl", "a\\data.pkl"] {
            let message = refusal(&archive(&[(name, b"\x80\x02}.")]));
            assert!(message.contains("plain relative path"), "{name}: {message}");
        }
    }

    #[test]
    fn doubled_names_are_refused() {
        let message = refusal(&archive(&[("a/data.pkl", b"\x80\x02}."), ("a/data.pkl", b"\x80\x02}.")]));
        assert!(message.contains("`a/data.pkl` is there twice"), "{message}");
        let message = refusal(&views(&[("x", 0, &[1], &[1]), ("x", 1, &[1], &[1])], 4));
        assert!(message.contains("`x` twice"), "{message}");
    }

    #[test]
    fn declared_sizes_must_be_true() {
        let huge = usize::MAX >> 33;
        for (file, word) in [
            (views(&[("x", 0, &[4], &[1])], 5), "another length"),
            (views(&[("x", 1, &[4], &[1])], 4), "beyond its storage"),
            (views(&[("x", 0, &[2, 2], &[1, 2])], 4), "row by row"),
            (views(&[("x", 0, &[huge, huge, huge], &[1, 1, 1])], 4), "impossible size"),
            (views(&[("x", 0, &[huge], &[1])], 4), "more bytes than the file"),
        ] {
            let message = refusal(&file);
            assert!(message.contains(word), "{message}");
        }
    }

    /// A thousand views of one storage must not become a thousand storages.
    #[test]
    fn shared_storages_do_not_multiply_memory() {
        let names = (0..1000).map(|index| index.to_string()).collect::<Vec<_>>();
        let tensors = |size: &'static [usize]| {
            names.iter().map(move |name| (name.as_str(), 0, size, &[1][..])).collect::<Vec<_>>()
        };
        assert!(Weights::read(&views(&tensors(&[4]), 4)).is_ok());
        assert!(matches!(Weights::read(&views(&tensors(&[1000]), 1000)), Err(WeightsError::Amplified)));
    }

    /// A pickle that nests and doubles itself: 2^10000 items if it were ever expanded.
    #[test]
    fn a_memo_bomb_stays_small() {
        let mut pickle = Pickle(vec![0x80, 2, b')']);
        for _ in 0..10_000 {
            pickle.op(b'q').op(0).op(b'h').op(0).op(0x86);
        }
        pickle.op(b'.');
        assert!(refusal(&archive(&[("a/data.pkl", &pickle.0)])).contains("not a dict"));
    }

    #[test]
    fn a_compressed_entry_is_refused() {
        let mut file = archive(&[("a/data.pkl", b"\x80\x02}.")]);
        let directory = file.windows(4).position(|bytes| bytes == b"PK\x01\x02").expect("a directory");
        file[directory + 10] = 8;
        assert!(refusal(&file).contains("compressed or encrypted"));
    }

    #[test]
    fn a_flipped_bit_in_the_weights_is_noticed() {
        let mut file = two_tensors().to_torch().expect("written");
        let value = 3.5_f32.to_le_bytes();
        let place = file.windows(4).position(|bytes| bytes == value).expect("stored plainly");
        file[place + 1] ^= 1;
        assert!(refusal(&file).contains("checksum"));
    }

    proptest! {
        #[test]
        fn any_truncation_is_an_error(length in 0..1_usize << 12) {
            let file = two_tensors().to_torch().expect("written");
            let length = length % file.len();
            prop_assert!(Weights::read(&file[..length]).is_err());
        }

        #[test]
        fn damaged_files_never_panic(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            let mut file = two_tensors().to_torch().expect("written");
            for (place, byte) in places {
                *place.get_mut(&mut file) = byte;
            }
            let _ = Weights::read(&file);
        }

        #[test]
        fn damaged_tensors_never_panic(places in prop::collection::vec((0..256_usize, any::<u8>()), 1..8)) {
            let mut pickle = Pickle(vec![0x80, 2]);
            let whole = one_tensor(|inner, tensor| {
                inner.op(b']').op(b'(');
                tensor(inner);
                inner.op(b'e');
                pickle.0.clone_from(&inner.0);
            });
            prop_assert!(Tensor::read_torch(&whole).is_ok());
            pickle.op(b'.');
            for (place, byte) in places {
                let place = place % pickle.0.len();
                pickle.0[place] = byte;
            }
            let _ = Tensor::read_torch(&archive(&[("a/data.pkl", &pickle.0), ("a/data/0", &[0; 24])]));
        }

        #[test]
        fn damaged_pickles_never_panic(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            let mut pickle = torch_writer::pickle(&two_tensors());
            for (place, byte) in places {
                *place.get_mut(&mut pickle) = byte;
            }
            let _ = Weights::read(&archive(&[("a/data.pkl", &pickle), ("a/data/0", &[0; 8]), ("a/data/1", &[0; 24])]));
        }

        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = Weights::read(&bytes);
            let file = archive(&[("a/data.pkl", &[&[0x80, 2], &bytes[..]].concat())]);
            let _ = (Weights::read(&file), Tensor::read_torch(&file));
            let _ = Weights::read(&[&(bytes.len() as u64).to_le_bytes()[..], b"{", &bytes].concat());
        }
    }
}
