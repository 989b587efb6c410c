//! Makes the tables that the story engine ships with.
//!
//! - `train_stories background < stream.jsonl` reads JSON lines with `title` and `publisher` and prints
//!   `config/story-terms.tsv`: how often each word occurs in headlines, counts only.
//! - `train_stories fit DIRECTORY` reads the labelled files there, cross-validates by weeks (its table goes to standard
//!   error) and prints `config/story-weights.tsv`. `--fold F --share S` choose the linkage that ships; `--ridge R`,
//!   `--focus F`, `--ours W`, `--rewrites W` and `--pairs W` what is trained on and how;
//!   `--ablate` leaves out each group of features in turn; `--failures` prints the errors of the held-out weeks.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

#[path = "train_stories/labelled.rs"]
mod labelled;

use chipwire::cluster::Publishers;
use chipwire::cluster::training::{Background, Choice, Figures, Fitting, Week, Weights, fit};
use labelled::OfStream;
use std::io::BufRead;
use std::path::Path;
use std::process::ExitCode;

type Failed = Box<dyn std::error::Error>;

/// Pair precision that the choice of a threshold aims at.
const TARGET: f64 = 0.95;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.first().map(String::as_str) {
        Some("background") => background(),
        Some("fit") => train(&arguments),
        Some("doubts") => doubts(),
        Some("judge") => judge(&arguments),
        _ => Err("usage: train_stories background < STREAM | train_stories fit DIRECTORY [options]".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn background() -> Result<(), Failed> {
    let publishers = Publishers::shipped();
    let mut background = Background::default();
    for line in std::io::stdin().lock().lines() {
        let entry: serde_json::Value = serde_json::from_str(&line?)?;
        let text = |key: &str| entry.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        background.count(text("title"), text("publisher"), &publishers);
    }
    print!("{}", background.table());
    Ok(())
}

/// Judges the shipped weights on labelled files, all entries of each at once.
fn judge(arguments: &[String]) -> Result<(), Failed> {
    for file in arguments.iter().skip(1) {
        let week = Week::new(file, &labelled::lines(Path::new(file))?, &Publishers::shipped())?;
        let weights = Weights::shipped();
        println!("{file}: {}", week.judge(&week.answer(&weights, weights.choice())).line());
    }
    Ok(())
}

/// Prints the pairs of entries on standard input that the shipped scorer is least sure of, to be labelled by hand.
fn doubts() -> Result<(), Failed> {
    let mut lines = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let mut entry: serde_json::Value = serde_json::from_str(&line?)?;
        let id = entry.get("id").cloned().unwrap_or_default();
        if let Some(fields) = entry.as_object_mut() {
            fields.insert("story".to_owned(), id);
        }
        lines.push(entry.to_string());
    }
    let week = Week::new("doubts", &lines, &Publishers::shipped())?;
    for (one, other, chance) in week.chances(&Weights::shipped()) {
        if chance > 0.05 {
            println!("{one}\t{other}\t{chance:.3}");
        }
    }
    Ok(())
}

fn option(arguments: &[String], name: &str, default: f64) -> f64 {
    let at = arguments.iter().position(|argument| argument == name);
    at.and_then(|at| arguments.get(at + 1)).and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// What is trained on, and how.
struct Plan {
    /// Those of the shared files, then ours.
    weeks: Vec<Week>,
    shared: usize,
    ours_weight: f64,
    rewrites: Week,
    rewrites_weight: f64,
    pairs: Week,
    pairs_weight: f64,
}

impl Plan {
    fn read(arguments: &[String]) -> Result<Self, Failed> {
        let directory = arguments.get(1).filter(|name| !name.starts_with("--")).ok_or("fit DIRECTORY")?;
        let directory = Path::new(directory);
        let publishers = Publishers::shipped();
        let mut rewrites = labelled::lines(&directory.join("rewrites.jsonl"))?;
        rewrites.truncate(1_500);
        let (mut weeks, of_stream) =
            (labelled::shared_weeks(directory, &publishers)?, OfStream::read(directory, &publishers)?);
        let shared = weeks.len();
        weeks.extend(of_stream.weeks);
        Ok(Self {
            weeks,
            shared,
            ours_weight: option(arguments, "--ours", 1.0),
            rewrites: Week::new("rewrites", &rewrites, &publishers)?,
            rewrites_weight: option(arguments, "--rewrites", 0.6),
            pairs: of_stream.pairs,
            pairs_weight: option(arguments, "--pairs", 3.0),
        })
    }

    /// Weights for each week, learnt from all the others.
    fn held_out(&self, fitting: &Fitting) -> Vec<Weights> {
        (0..self.weeks.len()).map(|out| self.fit_without(Some(out), fitting)).collect()
    }

    fn fit_without(&self, out: Option<usize>, fitting: &Fitting) -> Weights {
        let weeks = self.weeks.iter().enumerate().filter(|(at, _)| Some(*at) != out);
        let weeks = weeks.map(|(at, week)| (week, if at < self.shared { 1.0 } else { self.ours_weight }));
        let more = [(&self.rewrites, self.rewrites_weight), (&self.pairs, self.pairs_weight)];
        fit(&weeks.chain(more).collect::<Vec<_>>(), fitting)
    }

    /// Figures of each held-out week.
    fn figures(&self, weights: &[Weights], choice: Choice) -> Vec<Figures> {
        self.weeks
            .iter()
            .zip(weights)
            .map(|(week, weights)| week.judge(&week.answer(weights, choice)))
            .collect()
    }
}

fn total(figures: &[Figures]) -> Figures {
    figures.iter().copied().fold(Figures::default(), Figures::and)
}

fn choices() -> Vec<Choice> {
    let mut choices = Vec::new();
    for best_share in [0.1_f32, 0.2, 0.3] {
        for step in 16_u8..34 {
            choices.push(Choice { fold: f32::from(step) * 0.025, best_share });
        }
    }
    choices
}

/// The best recall among choices that reach the target precision.
fn best(table: &[(Choice, Figures)], precision: f64) -> Option<(Choice, Figures)> {
    let reach = table.iter().filter(|(_, figures)| figures.precision() >= precision);
    reach.max_by(|one, other| one.1.recall().total_cmp(&other.1.recall())).copied()
}

fn train(arguments: &[String]) -> Result<(), Failed> {
    let plan = Plan::read(arguments)?;
    for week in plan.weeks.iter().chain([&plan.rewrites]) {
        let (reached, all) = week.reach();
        eprintln!("{:14} {reached} of {all} pairs of one story are compared", week.name);
    }
    let at = arguments.iter().position(|argument| argument == "--without");
    let without = at.and_then(|at| arguments.get(at + 1)).map_or("", String::as_str);
    let fitting = Fitting {
        ridge: option(arguments, "--ridge", 60.0),
        focus: option(arguments, "--focus", 10.0),
        without: without.split(',').map(str::to_owned).collect(),
        ..Fitting::default()
    };
    let weights = plan.held_out(&fitting);
    print_choices(&plan, &weights);
    #[expect(clippy::cast_possible_truncation, reason = "an option of the command line")]
    let choice = Choice {
        fold: option(arguments, "--fold", 0.65) as f32,
        best_share: option(arguments, "--share", 0.1) as f32,
    };
    let each = plan.figures(&weights, choice);
    for (week, figures) in plan.weeks.iter().zip(&each) {
        eprintln!("{:14} {}", week.name, figures.line());
    }
    let (of_shared, ours) = each.split_at(plan.shared);
    for (name, figures) in [("shared", of_shared), ("ours", ours), ("all", &each)] {
        eprintln!("{name:14} {}", total(figures).line());
    }
    if arguments.iter().any(|argument| argument == "--failures") {
        print_failures(&plan, &weights, choice);
        return Ok(());
    }
    if arguments.iter().any(|argument| argument == "--ablate") {
        ablate(&plan, &fitting);
        return Ok(());
    }
    print!("{}", plan.fit_without(None, &fitting).with_choice(choice, 0.5 * choice.fold).table());
    Ok(())
}

/// How the held-out weeks fare with each threshold.
fn print_choices(plan: &Plan, weights: &[Weights]) {
    let mut table = Vec::new();
    for choice in choices() {
        let each = plan.figures(weights, choice);
        let (of_shared, ours) = each.split_at(plan.shared);
        let figures = total(&each);
        eprintln!(
            "fold {:.3} share {:.1}  {}  | shared {}  | ours {}",
            choice.fold,
            choice.best_share,
            figures.line(),
            total(of_shared).line(),
            total(ours).line()
        );
        table.push((choice, figures));
    }
    for precision in [0.88, 0.90, 0.92, 0.93, 0.94, 0.95, 0.96] {
        if let Some((choice, figures)) = best(&table, precision) {
            eprintln!(
                "at precision {precision}: fold {:.3} share {:.2}  {}",
                choice.fold,
                choice.best_share,
                figures.line()
            );
        }
    }
}

fn print_failures(plan: &Plan, weights: &[Weights], choice: Choice) {
    for (week, weights) in plan.weeks.iter().zip(weights) {
        for failure in week.failures(weights, &week.answer(weights, choice)) {
            let kind = if failure.is_wrong_merge { "WRONG" } else { "MISS" };
            let [one, other] = failure.titles;
            println!("{kind}\t{}\t{:.3}\t{one}\t{other}", week.name, failure.chance);
        }
    }
}

/// Groups of features that are left out in turn, by name.
const GROUPS: [(&str, &str); 8] = [
    ("nothing", ""),
    (
        "time",
        "gap gap_day gap_3_days same_day same_session same_hours market_late market_late_number subject_event_day",
    ),
    (
        "market lane",
        "market_both market_one sector_both sector_one lane_sector lane_sector_conflict lane_market direction direction_conflict market_late market_late_number analyst_one analyst_both filing_both",
    ),
    ("results lane", "lane_results lane_own_move results_one"),
    (
        "names, subject",
        "names_jaccard names_headline names_all name_first name_rare names_conflict names_both_other subject subject_conflict cosine_and_name name_and_rare name_and_event money_and_name subject_event_day subject_event_rare summary_and_name",
    ),
    (
        "numbers",
        "money money_conflict percent percent_conflict model model_conflict unit unit_conflict quarter quarter_conflict number number_conflict conflicts_far money_and_name",
    ),
    (
        "events",
        "events events_all events_jaccard events_conflict law policy deal cosine_and_event name_and_event rare_and_event subject_event_day subject_event_rare",
    ),
    ("source and URL", "same_publisher same_owner aggregator_any same_link cosine_across"),
];

/// Leaves out each group of features in turn.
fn ablate(plan: &Plan, fitting: &Fitting) {
    for (name, features) in GROUPS {
        let fitting =
            Fitting { without: features.split_whitespace().map(str::to_owned).collect(), ..fitting.clone() };
        let weights = plan.held_out(&fitting);
        let table: Vec<(Choice, Figures)> =
            choices().into_iter().map(|choice| (choice, total(&plan.figures(&weights, choice)))).collect();
        match best(&table, TARGET) {
            Some((choice, figures)) => {
                eprintln!(
                    "without {name:16} fold {:.2} share {:.1}  {}",
                    choice.fold,
                    choice.best_share,
                    figures.line()
                );
            }
            None => eprintln!("without {name:16} never reaches precision {TARGET}"),
        }
    }
}
