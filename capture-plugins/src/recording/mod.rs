//! Reading and writing recordings: face samples as JSON Lines, gzip-compressed if the name ends in `.gz`.

mod reader;
mod recorder;

pub use reader::RecordingReader;
pub use recorder::{RecordError, Recorder};

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_core::sample::{Blendshape, FaceSample};
    use std::{fs, path::Path};

    fn sample(index: u32) -> FaceSample {
        let mut sample = FaceSample::seen_at(f64::from(index) / 60.0);
        sample[Blendshape::JawOpen] = f64::from(index) / 1000.0;
        sample
    }

    fn read(path: &Path) -> (Vec<FaceSample>, usize) {
        let mut reader = RecordingReader::open(path).expect("it opens");
        let samples = reader.by_ref().collect::<Result<_, _>>().expect("it reads");
        (samples, reader.skipped())
    }

    fn record(path: &Path, count: u32) {
        let mut recorder = Recorder::create(path).expect("a new file");
        for index in 0..count {
            recorder.write(&sample(index)).expect("it writes");
        }
        assert_eq!(recorder.finish().expect("it is renamed"), u64::from(count));
    }

    #[test]
    fn plain_and_compressed_recordings_read_back_bit_for_bit() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.jsonl", "a.jsonl.gz"] {
            let path = folder.path().join(name);
            record(&path, 300);
            assert!(read(&path) == ((0..300).map(sample).collect(), 0), "{name}");
        }
        let sizes =
            ["a.jsonl", "a.jsonl.gz"].map(|name| fs::metadata(folder.path().join(name)).expect("written").len());
        assert!(sizes[1] * 4 < sizes[0], "{sizes:?}");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing temporary is left");
    }

    #[test]
    fn a_recording_cut_off_by_a_crash_is_readable_and_not_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.jsonl", "a.jsonl.gz"] {
            let path = folder.path().join(name);
            let mut recorder = Recorder::create(&path).expect("a new file");
            for index in 0..200 {
                recorder.write(&sample(index)).expect("it writes");
            }
            // A crash runs no destructor.
            std::mem::forget(recorder);
            assert!(!path.exists());
            let part = folder.path().join(format!("{name}.part"));
            let (samples, _) = read(&part);
            assert!(samples.len() >= 140 && samples.iter().copied().eq((0..).map(sample).take(samples.len())));
            let error = Recorder::create(&path).expect_err("a part is there").to_string();
            assert!(error.contains(".part") && error.contains("rename"), "{error}");
        }
    }

    #[test]
    fn a_folder_is_refused_before_anything_is_recorded() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("takes");
        fs::create_dir(&inner).expect("created");
        let message = Recorder::create(&inner).expect_err("a folder").to_string();
        assert!(message.contains("is a folder"), "{message}");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "no .part");
    }

    #[test]
    fn an_error_on_renaming_names_the_file_that_holds_the_recording() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jsonl");
        let recorder = Recorder::create(&path).expect("a new file");
        fs::create_dir(&path).expect("created");
        let message = recorder.finish().expect_err("a folder is in the way").to_string();
        assert!(message.contains("a.jsonl.part"), "{message}");
    }

    #[test]
    fn a_discarded_recording_leaves_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut recorder = Recorder::create(&folder.path().join("a.jsonl.gz")).expect("a new file");
        recorder.write(&sample(1)).expect("it writes");
        recorder.discard().expect("it is removed");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn a_torn_last_line_is_dropped_and_bad_lines_are_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jsonl");
        fs::write(&path, "{\"time\": 1}\nnonsense\n\n{\"time\": 2}\n{\"tracked\": true}\n{\"time\": 3, \"tra")
            .expect("written");
        let (samples, skipped) = read(&path);
        let times: Vec<f64> = samples.iter().map(|sample| sample.time).collect();
        assert_eq!((times, skipped), (vec![1.0, 2.0, 2.0 + 1.0 / 60.0], 1));
        assert!(samples[0].tracked, "a recording that never says `tracked` always has a face");
        // A complete last line needs no line end.
        fs::write(&path, "{\"time\": 1}\n{\"time\": 2}").expect("written");
        assert_eq!(read(&path).0.len(), 2);
    }

    #[test]
    fn a_truncated_archive_plays_up_to_the_damage() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jsonl.gz");
        record(&path, 300);
        let bytes = fs::read(&path).expect("written");
        fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
        let (samples, skipped) = read(&path);
        assert!(!samples.is_empty() && samples.len() < 300 && skipped == 0, "{} samples", samples.len());
    }

    #[test]
    fn a_huge_line_is_skipped() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jsonl");
        let huge = "x".repeat(1 << 20);
        fs::write(&path, format!("{huge}\n{{\"time\": 1}}\n{huge}")).expect("written");
        let (samples, skipped) = read(&path);
        assert_eq!((samples.len(), skipped), (1, 1));
    }
}
