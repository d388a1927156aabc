//! Makes jaq's operators behave as jq's: division, remainders, computed indices, text in strings, and assignments
//! through null become calls of what `prelude.jq` defines.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};

type Tree<'a> = Term<&'a str>;

/// A variable that no expression can name.
const VALUE: &str = "$ ";

/// Rewrites an expression.
pub(super) fn as_jq(term: Tree<'_>) -> Tree<'_> {
    match term {
        Term::Str(format, parts) => {
            let format = format.or_else(|| parts.iter().any(is_computed).then_some("@text"));
            Term::Str(format, parts.into_iter().map(part_of_text).collect())
        }
        Term::Arr(items) => Term::Arr(items.map(|items| boxed(*items))),
        Term::Obj(entries) => {
            Term::Obj(entries.into_iter().map(|(key, value)| (as_jq(key), value.map(as_jq))).collect())
        }
        Term::Neg(term) => Term::Neg(boxed(*term)),
        Term::BinOp(left, BinaryOp::Pipe(pattern), right) => {
            Term::BinOp(boxed(*left), BinaryOp::Pipe(pattern.map(as_jq_pattern)), boxed(*right))
        }
        Term::BinOp(left, operator, right) => operation(as_jq(*left), operator, as_jq(*right)),
        Term::Label(name, term) => Term::Label(name, boxed(*term)),
        Term::Fold(name, source, pattern, arguments) => {
            Term::Fold(name, boxed(*source), as_jq_pattern(pattern), arguments.into_iter().map(as_jq).collect())
        }
        Term::TryCatch(term, catch) => Term::TryCatch(boxed(*term), catch.map(|catch| boxed(*catch))),
        Term::IfThenElse(branches, otherwise) => Term::IfThenElse(
            branches.into_iter().map(|(condition, then)| (as_jq(condition), as_jq(then))).collect(),
            otherwise.map(|term| boxed(*term)),
        ),
        Term::Def(definitions, term) => {
            let definitions =
                definitions.into_iter().map(|Def { name, args, body }| Def { name, args, body: as_jq(body) });
            Term::Def(definitions.collect(), boxed(*term))
        }
        Term::Call(name, arguments) => Term::Call(name, arguments.into_iter().map(as_jq).collect()),
        Term::Path(term, Path(parts)) => Term::Path(
            boxed(*term),
            Path(parts.into_iter().map(|(part, optional)| (as_jq_part(part), optional)).collect()),
        ),
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => term,
    }
}

fn boxed(term: Tree<'_>) -> Box<Tree<'_>> {
    Box::new(as_jq(term))
}

fn is_computed(part: &StrPart<&str, Tree<'_>>) -> bool {
    matches!(part, StrPart::Term(_))
}

fn part_of_text<'a>(part: StrPart<&'a str, Tree<'a>>) -> StrPart<&'a str, Tree<'a>> {
    match part {
        StrPart::Term(term) => StrPart::Term(as_jq(term)),
        part => part,
    }
}

fn as_jq_pattern(pattern: Pattern<&str>) -> Pattern<&str> {
    match pattern {
        Pattern::Var(name) => Pattern::Var(name),
        Pattern::Arr(items) => Pattern::Arr(items.into_iter().map(as_jq_pattern).collect()),
        Pattern::Obj(entries) => {
            Pattern::Obj(entries.into_iter().map(|(key, pattern)| (as_jq(key), as_jq_pattern(pattern))).collect())
        }
    }
}

/// Indices may be fractions: jq rounds them down, and the end of a range up.
fn as_jq_part(part: Part<Tree<'_>>) -> Part<Tree<'_>> {
    let rounded = |name, term| match as_jq(term) {
        term @ Term::Str(..) => term,
        term => Term::Call(name, vec![term]),
    };
    match part {
        Part::Index(term) => Part::Index(rounded("_index", term)),
        Part::Range(from, to) => {
            Part::Range(from.map(|term| rounded("_from", term)), to.map(|term| rounded("_to", term)))
        }
    }
}

fn operation<'a>(left: Tree<'a>, operator: BinaryOp<&'a str>, right: Tree<'a>) -> Tree<'a> {
    let value = || Term::Var(VALUE);
    match operator {
        BinaryOp::Math(operator) => arithmetic(left, operator, right),
        BinaryOp::Update => updated(left, right),
        BinaryOp::Assign => with_value(right, updated(left, value())),
        BinaryOp::UpdateMath(operator) => with_value(right, updated(left, arithmetic(Term::Id, operator, value()))),
        BinaryOp::UpdateAlt => with_value(right, updated(left, binary(Term::Id, BinaryOp::Alt, value()))),
        operator => binary(left, operator, right),
    }
}

fn arithmetic<'a>(left: Tree<'a>, operator: Math, right: Tree<'a>) -> Tree<'a> {
    match operator {
        Math::Div => Term::Call("_quotient", vec![left, right]),
        Math::Rem => Term::Call("_remainder", vec![left, right]),
        operator => binary(left, BinaryOp::Math(operator), right),
    }
}

/// `value as $VALUE | term`
fn with_value<'a>(value: Tree<'a>, term: Tree<'a>) -> Tree<'a> {
    binary(value, BinaryOp::Pipe(Some(Pattern::Var(VALUE))), term)
}

/// `_grown(place) | place |= change`
fn updated<'a>(place: Tree<'a>, change: Tree<'a>) -> Tree<'a> {
    let grown = Term::Call("_grown", vec![place.clone()]);
    binary(grown, BinaryOp::Pipe(None), binary(place, BinaryOp::Update, change))
}

fn binary<'a>(left: Tree<'a>, operator: BinaryOp<&'a str>, right: Tree<'a>) -> Tree<'a> {
    Term::BinOp(Box::new(left), operator, Box::new(right))
}
