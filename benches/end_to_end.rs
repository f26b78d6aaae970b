//! Whole fits of the recommended preset, from data to map: `cargo bench -p tsne-benches`.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tsne::{Rows, Tsne};
use tsne_benches::mixture;

fn end_to_end(c: &mut Criterion) {
    let mut group = c.benchmark_group("end_to_end");
    group.sample_size(10);
    for (n, method) in [(2_000, "exact"), (10_000, "bh"), (10_000, "fft")] {
        let x = mixture(n, 50);
        let tsne = Tsne::<_, 2>::builder().negative_gradient_method(method).build().unwrap();
        group.throughput(Throughput::Elements(n as u64));
        group.bench_with_input(BenchmarkId::new(method.to_string(), format!("f32/n{n}/d50")), &x, |b, x| {
            b.iter(|| tsne.fit(Rows::new(x, n, 50).unwrap()).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, end_to_end);
criterion_main!(benches);
