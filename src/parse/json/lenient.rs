//! JSON Feed's objects, read without refusing any value: what is of the wrong type is as if it were not there.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Tags, authors, attachments and hubs read of one item or feed.
const MOST_IN_LIST: usize = 200;

/// A string, or what can stand for one.
#[derive(Debug, Clone, Default)]
pub(super) struct Flexible(pub(super) Option<String>);

/// A list, or one element in place of a list.
#[derive(Debug, Clone)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A feed as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Feed {
    /// Items to read at most.
    pub(super) most: usize,
    pub(super) version: Flexible,
    pub(super) title: Flexible,
    pub(super) home_page_url: Flexible,
    pub(super) own_url: Flexible,
    pub(super) language: Flexible,
    pub(super) authors: Vec<Author>,
    pub(super) hubs: List<Object<Hub>>,
    pub(super) has_items: bool,
    pub(super) items: Vec<Item>,
    pub(super) left_out: usize,
}

/// An author, or a name in place of one.
#[derive(Debug, Clone, Default)]
pub(super) struct Author {
    pub(super) name: Flexible,
}

/// An object, or nothing where something else stands in its place.
#[derive(Debug, Clone)]
pub(super) struct Object<T>(pub(super) Option<T>);

/// A hub.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Hub {
    pub(super) url: Flexible,
}

/// An attached file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attachment {
    pub(super) url: Flexible,
    pub(super) mime_type: Flexible,
    pub(super) size_in_bytes: Flexible,
}

/// An item.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Item {
    pub(super) id: Flexible,
    pub(super) url: Flexible,
    pub(super) external_url: Flexible,
    pub(super) title: Flexible,
    pub(super) content_html: Flexible,
    pub(super) content_text: Flexible,
    pub(super) summary: Flexible,
    pub(super) image: Flexible,
    pub(super) banner_image: Flexible,
    pub(super) date_published: Flexible,
    pub(super) date_modified: Flexible,
    pub(super) author: List<Author>,
    pub(super) authors: List<Author>,
    pub(super) tags: List<Flexible>,
    pub(super) language: Flexible,
    pub(super) attachments: List<Object<Attachment>>,
}

/// Reads into a feed, so that what was read before a fault is kept.
pub(super) struct FeedSeed<'a>(pub(super) &'a mut Feed);

impl<'de> DeserializeSeed<'de> for FeedSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FeedSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON Feed")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let feed = self.0;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "version" => feed.version = map.next_value()?,
                "title" => feed.title = map.next_value()?,
                "home_page_url" => feed.home_page_url = map.next_value()?,
                "feed_url" => feed.own_url = map.next_value()?,
                "language" => feed.language = map.next_value()?,
                "author" | "authors" => feed.authors.extend(map.next_value::<List<Author>>()?.0),
                "hubs" => feed.hubs = map.next_value()?,
                "items" => map.next_value_seed(ItemsSeed(feed))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct ItemsSeed<'a>(&'a mut Feed);

impl<'de> DeserializeSeed<'de> for ItemsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ItemsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let feed = self.0;
        feed.has_items = true;
        while feed.items.len() < feed.most {
            match items.next_element::<Object<Item>>()? {
                Some(item) => feed.items.extend(item.0),
                None => return Ok(()),
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {
            feed.left_out += 1;
        }
        Ok(())
    }
}

/// Visits any value and keeps what is text.
struct FlexibleVisitor;

impl<'de> Visitor<'de> for FlexibleVisitor {
    type Value = Flexible;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Flexible, E> {
        Ok(Flexible(Some(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Flexible, E> {
        Ok(Flexible(Some(text)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Flexible, E> {
        Ok(Flexible(Some(number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Flexible, E> {
        Ok(Flexible(Some(number.to_string())))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Flexible, E> {
        Ok(Flexible(Some(number.to_string())))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Flexible, E> {
        Ok(Flexible(None))
    }

    fn visit_unit<E: Error>(self) -> Result<Flexible, E> {
        Ok(Flexible(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Flexible, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Flexible(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Flexible, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Flexible(None))
    }
}

impl<'de> Deserialize<'de> for Flexible {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlexibleVisitor)
    }
}

/// Visits a list, an object in place of a list, or a text in place of an object.
struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: OneOf + Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
        let mut found = Vec::new();
        while found.len() < MOST_IN_LIST {
            match list.next_element::<T>()? {
                Some(one) => found.push(one),
                None => return Ok(List(found)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(List(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<List<T>, A::Error> {
        let one = T::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        Ok(List(vec![one]))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<List<T>, E> {
        Ok(List(T::of_text(text).into_iter().collect()))
    }

    fn visit_unit<E: Error>(self) -> Result<List<T>, E> {
        Ok(List::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<List<T>, E> {
        Ok(List::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<List<T>, E> {
        Ok(List::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<List<T>, E> {
        Ok(List::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<List<T>, E> {
        Ok(List::default())
    }
}

impl<'de, T: OneOf + Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// What a bare text stands for in a list's place.
pub(super) trait OneOf: Sized {
    /// The element that the text is.
    fn of_text(text: &str) -> Option<Self>;
}

impl OneOf for Flexible {
    fn of_text(text: &str) -> Option<Self> {
        Some(Self(Some(text.to_owned())))
    }
}

impl OneOf for Author {
    fn of_text(text: &str) -> Option<Self> {
        Some(Self { name: Flexible(Some(text.to_owned())) })
    }
}

impl<T> OneOf for Object<T> {
    fn of_text(_: &str) -> Option<Self> {
        None
    }
}

/// Visits any value and keeps what is an object.
struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(|object| Object(Some(object)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Object<T>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Object(None))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Object<T>, E> {
        Ok(Object(None))
    }

    fn visit_unit<E: Error>(self) -> Result<Object<T>, E> {
        Ok(Object(None))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Object<T>, E> {
        Ok(Object(None))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Object<T>, E> {
        Ok(Object(None))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Object<T>, E> {
        Ok(Object(None))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Object<T>, E> {
        Ok(Object(None))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

/// An author object, or a name.
struct AuthorVisitor;

impl<'de> Visitor<'de> for AuthorVisitor {
    type Value = Author;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an author")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Author, E> {
        Ok(Author { name: Flexible(Some(text.to_owned())) })
    }

    fn visit_unit<E: Error>(self) -> Result<Author, E> {
        Ok(Author::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Author, E> {
        Ok(Author::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Author, E> {
        Ok(Author::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Author, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Author::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Author, A::Error> {
        let mut author = Author::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "name" {
                author.name = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(author)
    }
}

impl<'de> Deserialize<'de> for Author {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AuthorVisitor)
    }
}
