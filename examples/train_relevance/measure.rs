//! How well scores fit labels: the figures of the shared scorer, reliability, the worst errors.

use super::labels::Example;
use chipwire::classify::KINDS;
use chipwire::model::Kind;
use std::fmt::Write;

fn score(pair: [f64; 2]) -> f64 {
    f64::midpoint(pair[0], pair[1])
}

/// Prints the figures for all examples or those of one file, at the best threshold and at some others.
pub(crate) fn report(examples: &[Example], scores: &[[f64; 2]], file: Option<usize>) {
    let rows: Vec<(&Example, f64)> = examples
        .iter()
        .zip(scores)
        .filter(|(example, _)| example.label.is_some() && file.is_none_or(|file| example.file == file))
        .map(|(example, pair)| (example, score(*pair)))
        .collect();
    if rows.is_empty() {
        return println!("no labels: only kinds");
    }
    for threshold in [0.3, 0.35, 0.4, 0.42, 0.45, 0.5] {
        let firm = precision_recall(
            &rows,
            |example| (!example.is_soft && example.level() != 1).then_some(example.level() == 2),
            threshold,
        );
        let broad = precision_recall(&rows, |example| Some(example.level() >= 1), threshold);
        println!(
            "threshold {threshold:.2}: firm P {:.4} R {:.4}, broad P {:.4} R {:.4} F1 {:.4}",
            firm.0,
            firm.1,
            broad.0,
            broad.1,
            2.0 * broad.0 * broad.1 / (broad.0 + broad.1)
        );
    }
    println!("average precision {:.4}", average_precision(&rows));
}

fn precision_recall(
    rows: &[(&Example, f64)],
    truth: impl Fn(&Example) -> Option<bool>,
    threshold: f64,
) -> (f64, f64) {
    let (mut hits, mut wrong, mut missed) = (0.0, 0.0, 0.0);
    for (example, score) in rows {
        match (truth(example), *score >= threshold) {
            (Some(true), true) => hits += 1.0,
            (Some(false), true) => wrong += 1.0,
            (Some(true), false) => missed += 1.0,
            _ => {}
        }
    }
    (hits / f64::max(hits + wrong, 1.0), hits / f64::max(hits + missed, 1.0))
}

/// Label 2 above the rest, firm entries alone.
fn average_precision(rows: &[(&Example, f64)]) -> f64 {
    let mut ranked: Vec<_> = rows.iter().filter(|(example, _)| !example.is_soft).collect();
    ranked.sort_by(|one, other| other.1.total_cmp(&one.1));
    let (mut hits, mut total) = (0.0, 0.0);
    for (place, (example, _)) in ranked.iter().enumerate() {
        if example.level() == 2 {
            hits += 1.0;
            total += hits / (place + 1) as f64;
        }
    }
    total / f64::max(hits, 1.0)
}

/// Prints for tenths of each probability how often it came true.
pub(crate) fn reliability(examples: &[Example], scores: &[[f64; 2]]) {
    println!("\nreliability, each entry judged by weights that never saw it");
    println!("probability   touches: entries, mean, true   about: entries, mean, true");
    for tenth in 0..10_u8 {
        let mut line = format!("{:.1} to {:.1}   ", f64::from(tenth) / 10.0, f64::from(tenth + 1) / 10.0);
        for which in [0, 1] {
            let inside: Vec<(f64, bool)> = examples
                .iter()
                .zip(scores)
                .filter(|(example, _)| example.label.is_some())
                .map(|(example, pair)| (pair[which], usize::from(example.level()) > which))
                .filter(|(probability, _)| {
                    ((probability * 10.0).floor().min(9.0) - f64::from(tenth)).abs() < 0.5
                })
                .collect();
            let count = inside.len().max(1) as f64;
            let mean = inside.iter().map(|(probability, _)| probability).sum::<f64>() / count;
            let share = inside.iter().filter(|(_, is_true)| *is_true).count() as f64 / count;
            let _ = write!(line, "   {:5} {mean:.3} {share:.3}", inside.len());
        }
        println!("{line}");
    }
}

/// Prints the entries that `threshold` puts on the wrong side, the worst first.
pub(crate) fn fails(examples: &[Example], scores: &[[f64; 2]], threshold: f64) {
    let mut wrong: Vec<_> = examples
        .iter()
        .zip(scores)
        .filter(|(example, pair)| {
            example.label.is_some() && (example.level() >= 1) != (score(**pair) >= threshold)
        })
        .collect();
    wrong.sort_by(|one, other| {
        let distance = |pair: &[f64; 2]| (score(*pair) - threshold).abs();
        distance(other.1).total_cmp(&distance(one.1))
    });
    println!("\nlabel, touches, about, entry: {} on the wrong side of {threshold}", wrong.len());
    for (example, [touches, about]) in wrong {
        let soft = if example.is_soft { "s" } else { "-" };
        println!("{}{soft} {touches:.2} {about:.2} {}", example.level(), example.line);
    }
}

/// Prints for each kind how often it was named rightly.
pub(crate) fn kinds(examples: &[Example], scores: &[[f64; KINDS.len()]]) {
    let judged: Vec<(&str, &str)> = examples
        .iter()
        .zip(scores)
        .filter_map(|(example, scores)| {
            let best = (0..KINDS.len()).max_by(|one, other| scores[*one].total_cmp(&scores[*other]))?;
            Some((example.kind.as_deref()?, KINDS[best].as_str()))
        })
        .collect();
    let same = judged.iter().filter(|(wanted, said)| wanted == said).count();
    println!("\nkinds: {} of {} named rightly by weights that never saw them", same, judged.len());
    for kind in KINDS.map(Kind::as_str) {
        let wanted = judged.iter().filter(|(wanted, _)| *wanted == kind).count();
        let said = judged.iter().filter(|(_, said)| *said == kind).count();
        let both = judged.iter().filter(|(wanted, said)| *wanted == kind && *said == kind).count();
        println!(
            "{kind:12} {wanted:5} precision {:.2} recall {:.2}",
            both as f64 / said.max(1) as f64,
            both as f64 / wanted.max(1) as f64
        );
    }
}
