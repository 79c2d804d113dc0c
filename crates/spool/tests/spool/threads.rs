//! Many threads append through many segments.

use crate::{open, read_all};
use std::sync::Arc;
use wayleave_spool::Position;

#[test]
fn eight_threads_are_read_back_each_in_its_order_and_exactly_once() {
    const EACH: u32 = 3_000;
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    let spool = Arc::new(spool);
    let threads: Vec<_> = (0..8_u8)
        .map(|thread| {
            let spool = Arc::clone(&spool);
            std::thread::spawn(move || {
                let mut places = Vec::new();
                for n in 0..EACH {
                    let mut payload = n.to_le_bytes().to_vec();
                    payload.resize(4 + (n as usize * 31 + thread as usize) % 200, thread);
                    places.push(spool.append(thread, &payload).unwrap());
                }
                places
            })
        })
        .collect();
    let places: Vec<Vec<Position>> =
        threads.into_iter().map(|thread| thread.join().unwrap()).collect();

    let all = read_all(&spool, Position::START);
    assert_eq!(all.len(), 8 * EACH as usize);
    assert!(
        all.last().unwrap().position.segment > 20,
        "the test should pass through many segments"
    );
    assert!(all.windows(2).all(|pair| pair[0].next <= pair[1].position));
    for thread in 0..8_u8 {
        let own: Vec<_> = all.iter().filter(|record| record.kind == thread).collect();
        for (n, record) in own.iter().enumerate() {
            assert_eq!(record.payload[..4], (n as u32).to_le_bytes());
            assert!(record.payload[4..].iter().all(|byte| *byte == thread));
            assert_eq!(record.position, places[thread as usize][n]);
        }
    }
    assert_eq!(spool.stats().records, 8 * u64::from(EACH));
}
