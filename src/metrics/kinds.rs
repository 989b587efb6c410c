//! Counters, gauges and histograms over atomics, and how they are written.

use std::fmt::{Display, Write};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

/// The upper bounds of every histogram's buckets, in seconds: from an answer out of memory to a feed that was silent
/// for a month.
const BOUNDS: [f64; 16] = [
    0.001,
    0.01,
    0.05,
    0.25,
    0.5,
    1.0,
    5.0,
    30.0,
    60.0,
    300.0,
    1_800.0,
    3_600.0,
    21_600.0,
    86_400.0,
    604_800.0,
    2_592_000.0,
];

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// It is this now.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// It is this count or size now.
    pub fn set_count(&self, count: usize) {
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, and shown only")]
        self.set(count as f64);
    }

    /// What it is.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// How often values fell below each bound.
#[derive(Debug, Default)]
pub struct Histogram {
    /// Values in each bucket, not added up.
    buckets: [AtomicU64; BOUNDS.len()],
    beyond: AtomicU64,
    /// Thousandths, so that an addition is atomic.
    sum_millis: AtomicU64,
}

impl Histogram {
    /// One value more, in seconds.
    pub fn observe(&self, seconds: f64) {
        let bucket = BOUNDS.iter().zip(&self.buckets).find(|(bound, _)| seconds <= **bound);
        bucket.map_or(&self.beyond, |(_, bucket)| bucket).fetch_add(1, Ordering::Relaxed);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
        self.sum_millis.fetch_add((seconds * 1_000.0) as u64, Ordering::Relaxed);
    }

    /// These values instead of all before: for a state that is looked at as a whole.
    pub fn replace(&self, seconds: impl Iterator<Item = f64>) {
        for bucket in self.buckets.iter().chain([&self.beyond, &self.sum_millis]) {
            bucket.store(0, Ordering::Relaxed);
        }
        seconds.for_each(|value| self.observe(value));
    }
}

/// The closed set of a label's values.
pub trait Label: Copy + PartialEq + 'static {
    /// All of them, in order.
    const ALL: &'static [Self];

    /// The value as it is written.
    fn word(self) -> &'static str;
}

/// A counter or gauge for each value of a label.
#[derive(Debug)]
pub struct Family<L, M> {
    members: Vec<M>,
    /// Where a value that `ALL` forgot is counted, so that looking up needs no error.
    other: M,
    label: PhantomData<L>,
}

impl<L: Label, M: Default> Default for Family<L, M> {
    fn default() -> Self {
        Self {
            members: L::ALL.iter().map(|_| M::default()).collect(),
            other: M::default(),
            label: PhantomData,
        }
    }
}

impl<L: Label, M> Family<L, M> {
    /// The one with this value.
    pub fn of(&self, value: L) -> &M {
        self.iter().find(|(label, _)| *label == value).map_or(&self.other, |(_, member)| member)
    }

    fn iter(&self) -> impl Iterator<Item = (L, &M)> {
        L::ALL.iter().copied().zip(&self.members)
    }
}

/// The exposition text while it is written. Writing to a string cannot fail, so its results are dropped.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn counter(&mut self, name: &str, help: &str, counter: &Counter) {
        self.head(name, help, "counter");
        self.line(name, "", counter.get());
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, gauge: &Gauge) {
        self.head(name, help, "gauge");
        self.line(name, "", gauge.get());
    }

    pub(super) fn counters<L: Label>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        family: &Family<L, Counter>,
    ) {
        self.head(name, help, "counter");
        for (value, counter) in family.iter() {
            self.line(name, &format!("{{{label}=\"{}\"}}", value.word()), counter.get());
        }
    }

    pub(super) fn gauges<L: Label>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        family: &Family<L, Gauge>,
    ) {
        self.head(name, help, "gauge");
        for (value, gauge) in family.iter() {
            self.line(name, &format!("{{{label}=\"{}\"}}", value.word()), gauge.get());
        }
    }

    pub(super) fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, help, "histogram");
        let mut count = 0;
        for (bound, bucket) in BOUNDS.iter().zip(&histogram.buckets) {
            count += bucket.load(Ordering::Relaxed);
            self.line(&format!("{name}_bucket"), &format!("{{le=\"{bound}\"}}"), count);
        }
        count += histogram.beyond.load(Ordering::Relaxed);
        self.line(&format!("{name}_bucket"), "{le=\"+Inf\"}", count);
        #[expect(clippy::cast_precision_loss, reason = "shown only")]
        let sum = histogram.sum_millis.load(Ordering::Relaxed) as f64 / 1_000.0;
        self.line(&format!("{name}_sum"), "", sum);
        self.line(&format!("{name}_count"), "", count);
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}
