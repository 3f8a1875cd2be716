//! Tests with networks that are assembled byte by byte.

use super::*;
use crate::mediapipe::onnx::{self, ConvertError, Interface, Port};
use rten_tensor::prelude::*;

/// A part of a file.
#[derive(Clone)]
enum Part {
    Integer(i32),
    Table(Vec<Option<Part>>),
    Tables(Vec<Part>),
    Integers(Vec<i32>),
    Bytes(Vec<u8>),
}
use Part::{Bytes, Integer, Integers, Table as Fields, Tables};

fn write(file: &mut Vec<u8>, part: &Part) -> usize {
    let fields = if let Fields(fields) = part { fields.len() } else { 0 };
    if let Fields(fields) = part {
        let places = fields.iter().enumerate().map(|(index, field)| field.as_ref().map_or(0, |_| 4 + 4 * index));
        let list = [4 + 2 * fields.len(), 4 + 4 * fields.len()].into_iter().chain(places);
        file.extend(list.flat_map(|number| (number as u16).to_le_bytes()));
    }
    let at = file.len();
    match part {
        Integer(number) => file.extend(number.to_le_bytes()),
        Fields(list) => {
            file.extend((4 + 2 * fields as u32).to_le_bytes());
            write_all(file, list);
        }
        Tables(tables) => {
            file.extend((tables.len() as u32).to_le_bytes());
            write_all(file, &tables.iter().cloned().map(Some).collect::<Vec<_>>());
        }
        Integers(numbers) => {
            file.extend((numbers.len() as u32).to_le_bytes());
            file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        }
        Bytes(bytes) => {
            file.extend((bytes.len() as u32).to_le_bytes());
            file.extend(bytes);
        }
    }
    at
}

/// Writes four bytes for each part: a number, or the offset of what follows.
fn write_all(file: &mut Vec<u8>, parts: &[Option<Part>]) {
    let start = file.len();
    file.resize(start + 4 * parts.len(), 0);
    for (index, part) in parts.iter().enumerate() {
        let place = start + 4 * index;
        let number = match part {
            None => continue,
            Some(Integer(number)) => number.cast_unsigned(),
            Some(part) => (write(file, part) - place) as u32,
        };
        file[place..place + 4].copy_from_slice(&number.to_le_bytes());
    }
}

fn tensor(shape: &[i32], element: i32, buffer: i32) -> Part {
    Fields(vec![Some(Integers(shape.to_vec())), Some(Integer(element)), Some(Integer(buffer))])
}

/// A buffer of `count` equal half-precision numbers.
fn halves(count: usize, half: u16) -> Part {
    Fields(vec![Some(Bytes(half.to_le_bytes().repeat(count)))])
}

/// A network that convolves a 2 x 2 picture with a 3 x 3 filter of ones and adds one half. `code` is the convolution's.
fn network(code: i32) -> Vec<u8> {
    const CONV: i32 = 0;
    const DEQUANTIZE: i32 = 1;
    let codes = [code, 6].map(|code| Fields(vec![None, None, None, Some(Integer(code))]));
    let operator = |kind, inputs: &[i32], output: i32, options| {
        let [inputs, outputs] = [inputs, &[output]].map(|list| Some(Integers(list.to_vec())));
        Fields(vec![Some(Integer(kind)), inputs, outputs, None, options])
    };
    let steps = Fields(vec![None, Some(Integer(1)), Some(Integer(1))]);
    let tensors = [
        tensor(&[1, 2, 2, 1], 0, 0),
        tensor(&[1, 3, 3, 1], 1, 1),
        tensor(&[1], 1, 2),
        tensor(&[1, 3, 3, 1], 0, 0),
        tensor(&[1], 0, 0),
        tensor(&[1, 2, 2, 1], 0, 0),
    ];
    let operators = [
        operator(DEQUANTIZE, &[1], 3, None),
        operator(DEQUANTIZE, &[2], 4, None),
        operator(CONV, &[0, 3, 4], 5, Some(steps)),
    ];
    let graph = Fields(vec![
        Some(Tables(tensors.to_vec())),
        Some(Integers(vec![0])),
        Some(Integers(vec![5])),
        Some(Tables(operators.to_vec())),
    ]);
    let model = Fields(vec![
        Some(Integer(3)),
        Some(Tables(codes.to_vec())),
        Some(Tables(vec![graph])),
        None,
        Some(Tables(vec![Fields(vec![]), halves(9, 0x3C00), halves(1, 0x3800)])),
    ]);
    let mut file = b"\0\0\0\0TFL3".to_vec();
    let root = write(&mut file, &model) as u32;
    file[..4].copy_from_slice(&root.to_le_bytes());
    file
}

const CONV_2D: i32 = 3;
const INTERFACE: Interface = Interface {
    name: "tiny",
    input: Port { name: "x", shape: &[1, 1, 2, 2] },
    outputs: &[Port { name: "y", shape: &[1, 4] }],
};

#[test]
fn a_network_with_one_convolution_converts_and_runs() {
    let file = network(CONV_2D);
    let graph = Graph::read(&file).expect("a network");
    assert_eq!((graph.tensors.len(), graph.operators.len()), (6, 3));
    assert_eq!(graph.tensors[1].element, Element::F16);
    let onnx = onnx::convert(&graph, &INTERFACE).expect("converted");
    let model = rten::Model::load(onnx).expect("rten loads it");
    let picture = rten_tensor::NdTensor::from_data([1, 1, 2, 2], vec![1.0_f32, 2.0, 3.0, 4.0]);
    let result = model.run_one(picture.view().into(), None).expect("it runs");
    let result: rten_tensor::Tensor<f32> = result.try_into().expect("floats");
    assert_eq!((result.shape(), result.to_vec()), (&[1, 4][..], vec![10.5; 4]), "the sum of all four, plus one half");
}

#[test]
fn unsupported_networks_are_refused_with_the_reason() {
    assert_eq!(Graph::read(&network(999)).expect_err("refused"), TfliteError::Operation(999));
    assert_eq!(Graph::read(b"\0\0\0\0ABCD").expect_err("refused"), TfliteError::Identifier);
    let file = network(CONV_2D);
    let graph = Graph::read(&file).expect("a network");
    let wrong = Interface { input: Port { name: "x", shape: &[1, 3, 2, 2] }, ..INTERFACE };
    let fault = onnx::convert(&graph, &wrong).expect_err("another input");
    assert!(matches!(fault, ConvertError::Port { port: "x", .. }), "{fault}");
    let wrong = Interface { outputs: &[Port { name: "y", shape: &[1, 5] }], ..INTERFACE };
    let fault = onnx::convert(&graph, &wrong).expect_err("another output");
    assert!(matches!(fault, ConvertError::Port { port: "y", .. }), "{fault}");
    let unfilled = Graph { operators: graph.operators[1..].to_vec(), ..graph };
    let fault = onnx::convert(&unfilled, &INTERFACE).expect_err("a filter is missing");
    assert!(matches!(fault, ConvertError::Operation { index: 1, .. }), "{fault}");
}

#[test]
fn no_changed_byte_causes_a_panic() {
    let whole = network(CONV_2D);
    for len in 0..whole.len() {
        let _ = Graph::read(&whole[..len]);
    }
    for at in 0..whole.len() {
        for byte in [0, 1, 2, 3, 4, 5, 9, 0x10, 0x7f, 0x80, 0xfe, 0xff] {
            let mut file = whole.clone();
            file[at] = byte;
            if let Ok(graph) = Graph::read(&file) {
                let _ = onnx::convert(&graph, &INTERFACE);
            }
        }
    }
}
