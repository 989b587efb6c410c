//! The words in dates: months in the languages that feeds use, time zones, forenoon and afternoon.

/// The names of each month, as the beginnings of words in lower case; English, German, French, Spanish, Italian,
/// Portuguese, Dutch, Scandinavian, Polish, Czech, Hungarian, Greek, Russian, Turkish.
#[rustfmt::skip]
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene", "gen", "jän", "sty", "led", "ιαν", "янв", "oca"],
    &["feb", "fév", "fev", "lut", "úno", "φεβ", "φεβ", "фев", "şub", "sub"],
    &["mar", "mär", "maa", "mrz", "bře", "már", "μαρ", "μάρ", "мар", "mrt"],
    &["apr", "avr", "abr", "kwi", "dub", "ápr", "απρ", "апр", "nis"],
    &["may", "mai", "mag", "mei", "maj", "kvě", "máj", "μαι", "μαϊ", "μάι", "май", "мая"],
    &["jun", "juin", "giu", "cze", "čer", "jún", "ιουν", "ιούν", "июн", "haz"],
    &["jul", "juil", "lug", "lip", "júl", "ιουλ", "ιούλ", "июл", "tem"],
    &["aug", "aoû", "aou", "ago", "sie", "srp", "αυγ", "αύγ", "авг", "ağu", "agu"],
    &["sep", "set", "wrz", "zář", "sze", "σεπ", "сен", "eyl"],
    &["oct", "okt", "ott", "out", "paź", "říj", "οκτ", "окт", "eki"],
    &["nov", "lis", "νοε", "νοέ", "ноя", "kas"],
    &["dec", "dez", "déc", "dic", "gru", "pro", "δεκ", "дек", "ara"],
];

/// Hours and minutes from UTC of the zones that feeds name. Where two share a name, the one that feeds mean: `CST` and
/// `EST` of America, `BST` of Britain, `IST` of India.
#[rustfmt::skip]
const ZONES: &[(&str, i32)] = &[
    ("z", 0), ("ut", 0), ("utc", 0), ("gmt", 0), ("wet", 0), ("zulu", 0),
    ("est", -300), ("edt", -240), ("et", -300), ("cst", -360), ("cdt", -300), ("ct", -360), ("mst", -420), ("mdt", -360),
    ("mt", -420), ("pst", -480), ("pdt", -420), ("pt", -480), ("akst", -540), ("akdt", -480), ("hst", -600), ("ast", -240),
    ("adt", -180), ("nst", -210), ("ndt", -150), ("brt", -180), ("brst", -120), ("art", -180), ("clt", -240),
    ("bst", 60), ("west", 60), ("cet", 60), ("cest", 120), ("met", 60), ("mest", 120), ("mez", 60), ("mesz", 120),
    ("eet", 120), ("eest", 180), ("sast", 120), ("idt", 180), ("trt", 180), ("msk", 180), ("msd", 240), ("gst", 240),
    ("pkt", 300), ("ist", 330), ("npt", 345), ("wib", 420), ("ict", 420), ("hkt", 480), ("sgt", 480), ("myt", 480),
    ("pht", 480), ("awst", 480), ("jst", 540), ("kst", 540), ("acst", 570), ("acdt", 630), ("aest", 600), ("aedt", 660),
    ("nzst", 720), ("nzdt", 780),
];

/// The month that a word names.
pub(super) fn month(word: &str) -> Option<u32> {
    let word = word.to_lowercase();
    let names = |at: usize| MONTHS.get(at).into_iter().flat_map(|names| names.iter());
    // "juin" and "juil" begin alike in other languages' "jui…"; the longest name wins.
    (0..12)
        .flat_map(|at| names(at).map(move |name| (*name, at)))
        .filter(|(name, _)| word.starts_with(name))
        .max_by_key(|(name, _)| name.len())
        .and_then(|(_, at)| u32::try_from(at + 1).ok())
}

/// A zone's minutes from UTC.
pub(super) fn zone_minutes(name: &str) -> Option<i32> {
    let name = name.to_ascii_lowercase();
    ZONES.iter().find(|(zone, _)| *zone == name).map(|(_, minutes)| *minutes)
}

/// Whether a word says afternoon (`pm`) or forenoon (`am`).
pub(super) fn meridian(word: &str) -> Option<bool> {
    match word.to_lowercase().replace('.', "").as_str() {
        "am" | "오전" | "午前" | "上午" | "πμ" => Some(false),
        "pm" | "오후" | "午後" | "下午" | "μμ" => Some(true),
        _ => None,
    }
}
