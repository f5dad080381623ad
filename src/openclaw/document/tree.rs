//! The document as a tree of values that know which bytes they stand on.

use jsonc_parser::ast;
use jsonc_parser::common::{Range as Span, Ranged};

use super::identifier;
use super::syntax::{Cause, Fault};
use super::value::Value;

/// A value and its bytes.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) content: Content,
}

/// What a value holds; containers keep their parts' places.
#[derive(Clone)]
pub(super) enum Content {
    Scalar(Value),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// `key: value` in an object.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) key: Span,
    pub(super) value: Node,
}

impl Member {
    pub(super) fn span(&self) -> Span {
        Span::new(self.key.start, self.value.span.end)
    }
}

impl Node {
    /// Rebuilds what the parser found in `text`; names and numbers are read from `text` itself.
    pub(super) fn of(ast: &ast::Value<'_>, text: &str) -> Result<Self, Fault> {
        let content = match ast {
            ast::Value::NullKeyword(_) => Content::Scalar(Value::Null),
            ast::Value::BooleanLit(literal) => Content::Scalar(Value::Bool(literal.value)),
            ast::Value::StringLit(literal) => {
                Content::Scalar(Value::String(literal.value.as_ref().to_owned()))
            }
            ast::Value::NumberLit(literal) => Content::Scalar(Value::Number(
                number(literal.value).ok_or(Fault::new(literal.range.start, Cause::BadNumber))?,
            )),
            ast::Value::Array(array) => Content::Array(
                array
                    .elements
                    .iter()
                    .map(|element| Self::of(element, text))
                    .collect::<Result<_, _>>()?,
            ),
            ast::Value::Object(object) => Content::Object(
                object
                    .properties
                    .iter()
                    .map(|property| member(property, text))
                    .collect::<Result<_, _>>()?,
            ),
        };
        Ok(Self { span: ast.range(), content })
    }

    /// The meaning of this value; of members with one name, the last wins.
    pub(super) fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::Array(elements) => Value::Array(elements.iter().map(Self::value).collect()),
            Content::Object(members) => Value::Object(
                members.iter().map(|member| (member.name.clone(), member.value.value())).collect(),
            ),
        }
    }

    /// The value under `segment`: a member's (the last of that name) or an element's.
    pub(super) fn child(&self, segment: &str) -> Option<&Node> {
        match &self.content {
            Content::Object(members) => {
                members.iter().rfind(|member| member.name == segment).map(|member| &member.value)
            }
            Content::Array(elements) => elements.get(segment.parse::<usize>().ok()?),
            Content::Scalar(_) => None,
        }
    }

    /// The values inside this one, in the order of the text.
    pub(super) fn children(&self) -> Vec<&Node> {
        match &self.content {
            Content::Scalar(_) => Vec::new(),
            Content::Array(elements) => elements.iter().collect(),
            Content::Object(members) => members.iter().map(|member| &member.value).collect(),
        }
    }

    /// The bytes of each part of this container: members or elements.
    pub(super) fn part_spans(&self) -> Vec<Span> {
        match &self.content {
            Content::Scalar(_) => Vec::new(),
            Content::Array(elements) => elements.iter().map(|element| element.span).collect(),
            Content::Object(members) => members.iter().map(Member::span).collect(),
        }
    }
}

fn member(property: &ast::ObjectProp<'_>, text: &str) -> Result<Member, Fault> {
    let key = property.name.range();
    let name = match &property.name {
        ast::ObjectPropName::String(literal) => literal.value.as_ref().to_owned(),
        ast::ObjectPropName::Word(_) => identifier::decode(&text[key.start..key.end])
            .ok_or(Fault::new(key.start, Cause::BadKey))?,
    };
    Ok(Member { name, key, value: Node::of(&property.value, text)? })
}

/// The double that JavaScript makes of a JSON5 number.
fn number(literal: &str) -> Option<f64> {
    let (sign, digits) = match literal.as_bytes().first()? {
        b'-' => (-1.0, &literal[1..]),
        b'+' => (1.0, &literal[1..]),
        _ => (1.0, literal),
    };
    let magnitude = match digits {
        "Infinity" => f64::INFINITY,
        "NaN" => f64::NAN,
        _ => match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
            Some(hexadecimal) => hexadecimal.chars().try_fold(0.0, |value, digit| {
                digit.to_digit(16).map(|digit| value * 16.0 + f64::from(digit))
            })?,
            None => digits.parse().ok()?,
        },
    };
    Some(sign * magnitude)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_javascripts() {
        for (literal, value) in [
            ("0x1F", 31.0),
            ("-0X10", -16.0),
            ("+1", 1.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("5.e3", 5000.0),
            ("-.5", -0.5),
            ("1e-2", 0.01),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(number(literal).map(f64::to_bits), Some(value.to_bits()), "{literal}");
        }
        assert!(number("NaN").unwrap().is_nan());
    }
}
