//! Numbers of two entries compared: which agree, and where they contradict each other.

use super::super::numbers::{Fact, FactSort};
use super::super::side::Side;
use super::count;

/// Numbers of one sort that agree (how many), and whether both state some and none agree.
pub(super) type Agreement = (f32, bool);

pub(super) struct Numbers {
    pub(super) money: Agreement,
    pub(super) percent: Agreement,
    pub(super) model: Agreement,
    pub(super) unit: Agreement,
    pub(super) quarter: Agreement,
    pub(super) number: Agreement,
}

impl Numbers {
    pub(super) fn of(one: &Side, other: &Side) -> Self {
        let is_named_model = |sort: FactSort| sort.is_model() || sort == FactSort::NAME;
        Self {
            money: agreement(one, other, |sort| sort == FactSort::MONEY),
            percent: agreement(one, other, |sort| sort == FactSort::PERCENT || sort == FactSort::TIMES),
            model: agreement(one, other, is_named_model),
            unit: agreement(one, other, FactSort::is_unit),
            quarter: agreement(one, other, |sort| sort == FactSort::QUARTER || sort == FactSort::MONTH),
            number: agreement(one, other, |sort| sort == FactSort::NUMBER),
        }
    }

    pub(super) fn conflicts(&self) -> f32 {
        let all = [self.money.1, self.percent.1, self.model.1, self.unit.1, self.quarter.1, self.number.1];
        count(all.into_iter().filter(|is| *is).count()).min(4.0)
    }
}

/// Compares the numbers of some sorts: agreement anywhere counts, conflict is between headlines alone (a summary
/// states many numbers).
fn agreement(one: &Side, other: &Side, wanted: impl Fn(FactSort) -> bool) -> Agreement {
    if one.facts.is_empty() || other.facts.is_empty() {
        return (0.0, false);
    }
    let ours = || one.facts.iter().filter(|fact| wanted(fact.sort));
    let theirs = || other.facts.iter().filter(|fact| wanted(fact.sort));
    let agreed = ours().filter(|fact| theirs().any(|other| agree(**fact, *other))).count();
    let of_title = |side: &Side| side.title_facts;
    let is_conflict = agreed == 0
        && one.facts.iter().take(of_title(one)).filter(|fact| wanted(fact.sort)).any(|fact| {
            let same_sort = |other: &Fact| wanted(other.sort) && other.sort == fact.sort;
            fact.sort != FactSort::NAME && other.facts.iter().take(of_title(other)).any(same_sort)
        });
    (count(agreed), is_conflict)
}

/// The same number, up to rounding and rates of exchange; names and quarters exactly.
fn agree(one: Fact, other: Fact) -> bool {
    if one.sort != other.sort {
        return false;
    }
    let is_exact = one.sort.is_model()
        || one.sort == FactSort::NAME
        || one.sort == FactSort::QUARTER
        || one.sort == FactSort::MONTH;
    let tolerance = if is_exact {
        0.0
    } else if one.sort == FactSort::MONEY {
        0.045
    } else {
        0.03
    };
    (one.value - other.value).abs() <= tolerance * one.value.abs().max(other.value.abs())
}
