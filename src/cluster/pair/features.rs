//! The names of the numbers of a pair, and the sign that the weight of each may have.

macro_rules! features {
    ($($name:ident $sign:literal,)+) => {
        /// A number that is computed of a pair.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(non_camel_case_types, reason = "the names are those of the weight table")]
        pub(in crate::cluster) enum Feature { $($name,)+ }

        /// How many there are.
        pub(in crate::cluster) const FEATURES: usize = [$($sign),+].len();
        /// Their names, in order, and the sign that the weight of each may have: evidence never counts against, a
        /// conflict never for (0 is free).
        pub(in crate::cluster) const TABLE: [(&str, i8); FEATURES] = [$((stringify!($name), $sign)),+];
    };
}

features! {
    // Words.
    cosine_title 1, cosine_headline 1, cosine_all 1, cosine_summary 1, cosine_across 1, title_in_summary 1,
    rarest_1 1, rarest_2 1, rarest_3 1, shared_sum 1, contained_min 1, contained_max 1, rare_title 1, rare_headline 1, rare_all 1,
    pairs_of_words 1, best_pair 1, left_over -1, left_share -1, left_times_distance -1, same_title 1, same_link 1,
    // Who, what and where.
    names_jaccard 1, names_headline 1, names_all 1, name_first 1, name_rare 1, names_conflict -1, names_both_other -1, subject 1, subject_conflict -1,
    events 1, events_all 1, events_jaccard 1, events_conflict -1, place 1, place_conflict -1, law 1, policy 1, deal 1,
    // Numbers.
    money 1, money_conflict -1, percent 1, percent_conflict -1, model 1, model_conflict -1, unit 1, unit_conflict -1,
    quarter 1, quarter_conflict -1, number 1, number_conflict -1, conflicts_far -1,
    // Time.
    gap -1, gap_day -1, gap_3_days -1, same_day 1, same_session 1, same_hours 1,
    // Kinds of piece.
    market_both 0, market_one -1, sector_both 0, sector_one -1, direction 1, direction_conflict -1,
    opinion_one -1, opinion_both 0, question_one -1, digest_any -1, bargain_any -1, review_one -1, review_both 0, analyst_one -1, analyst_both 0,
    preview_one -1, filing_both -1, results_one -1, market_late -1, market_late_number -1,
    // Lanes: results with the company's own share move, sector moves of one session.
    lane_results 1, lane_own_move 1, lane_sector 1, lane_sector_conflict -1, lane_market 1,
    // Source and shape.
    same_publisher 0, same_owner 0, aggregator_any 0, shortest_title 0, length_ratio -1, summaries_both 0, summaries_none 0,
    // Together.
    cosine_and_name 1, cosine_and_event 1, name_and_rare 1, name_and_event 1, rare_and_event 1, money_and_name 1,
    subject_event_day 1, subject_event_rare 1, summary_and_name 1,
    // One text made of the other.
    contained_high 1, covered_all 1, covered_high 1, covered_and_rare 1, covered_and_name 1,
    // Near in time.
    rare_near 1, name_near 1, cosine_near 1, cosine_high 1, lane_day 1, lane_day_conflict -1, subject_near 1, subject_rare_near 1,
    // Against what is live now.
    local_rarest 1, local_second 1, local_sum 1, burst 1,
}

/// The numbers of a pair.
pub(in crate::cluster) type Values = [f32; FEATURES];
