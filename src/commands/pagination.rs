//! Reads lists page by page, no further than the limit.

use std::collections::HashSet;

use crate::chat::{Method, Page, Paging, Resource};

use super::caller::Caller;
use super::{Context, ErrorCode, Failure};
use crate::output::Messages;

/// The option `--limit` of lists.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Limit {
    /// Stop after N results
    #[arg(short = 'L', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

/// The tokens of the pages requested so far.
#[derive(Debug, Default)]
pub(super) struct SeenTokens(HashSet<String>);

impl SeenTokens {
    /// Adds to a failure after the first page that the list is incomplete.
    pub(super) fn report(&self, failure: Failure) -> Failure {
        if self.0.is_empty() {
            return failure;
        }
        Failure { message: format!("the list is incomplete: {}", failure.message), ..failure }
    }

    /// Adds a token.
    ///
    /// # Errors
    /// The token came before: the list would never end.
    pub(super) fn add(&mut self, token: &str) -> Result<(), Failure> {
        if self.0.insert(token.to_owned()) {
            return Ok(());
        }
        let message = "the list is incomplete: the server returned the same nextPageToken twice";
        Err(Failure::new(ErrorCode::ServerError, message))
    }
}

/// The position in a paged list.
pub(super) struct Pages {
    left: Option<u32>,
    largest: u32,
    next: Option<Paging>,
    seen: SeenTokens,
    /// How many results there are so far.
    count: usize,
    /// Where the count is shown.
    shown: Option<Messages>,
}

impl Pages {
    /// Returns the pages of a whole list, of at most `largest` items each.
    pub(super) fn all(largest: u32) -> Self {
        Self { left: None, largest, next: Some(Paging::default()), seen: SeenTokens::default(), count: 0, shown: None }
    }

    /// Returns the pages of a list that is printed, up to the limit. A terminal shows the number of results so far, unless
    /// the results themselves show it.
    pub(super) fn up_to(limit: &Limit, largest: u32, context: &Context) -> Self {
        let terminals = &context.settings.terminals;
        let hidden = !terminals.stdout || context.printer.format().is_for_people();
        let shown = (terminals.stderr && context.settings.animations && hidden).then_some(context.messages);
        Self { left: limit.limit, shown, ..Self::all(largest) }
    }

    /// Requests the next page and returns its items; `None` at the end of the list or the limit.
    ///
    /// # Errors
    /// The request fails, or a page token comes back, so that the list cannot be complete.
    pub(super) async fn next<Fields, M: Method<Response = Page<Fields>>>(
        &mut self,
        caller: &mut Caller<'_>,
        request: impl FnOnce(Paging) -> M,
    ) -> anyhow::Result<Option<Vec<Resource<Fields>>>> {
        let Some(paging) = self.paging()? else { return Ok(None) };
        let sent = caller.send(&request(paging)).await;
        let page = sent.map_err(|error| self.seen.report(caller.context().report(error)))?;
        Ok(Some(self.items_up_to_limit(page)))
    }

    /// Returns the next page to request.
    fn paging(&mut self) -> Result<Option<Paging>, Failure> {
        let page_size = self.left.map_or(self.largest, |left| left.min(self.largest));
        let Some(paging) = self.next.clone().filter(|_| page_size > 0) else {
            if let Some(messages) = self.shown.filter(|_| self.count > 0) {
                messages.status("");
            }
            return Ok(None);
        };
        if let Some(messages) = self.shown.filter(|_| self.count > 0) {
            messages.status(&format!("{} so far", self.count));
        }
        if let Some(token) = &paging.page_token {
            self.seen.add(token)?;
        }
        Ok(Some(Paging { page_size: Some(page_size), ..paging }))
    }

    /// Returns the items of a page up to the limit.
    fn items_up_to_limit<Fields>(&mut self, page: Page<Fields>) -> Vec<Resource<Fields>> {
        self.next = page.next_page_token.map(|token| Paging { page_token: Some(token), page_size: None });
        let mut items = page.items;
        if let Some(left) = &mut self.left {
            items.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= u32::try_from(items.len()).unwrap_or(*left);
        }
        self.count += items.len();
        items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(next_page_token: Option<&str>, count: usize) -> Page<()> {
        let item = Resource { fields: (), json: serde_json::Value::Null };
        Page { items: vec![item; count], next_page_token: next_page_token.map(str::to_owned) }
    }

    #[test]
    fn no_page_is_asked_for_that_nobody_wants() {
        let mut pages = Pages { left: Some(3), ..Pages::all(2) };
        assert_eq!(pages.paging().unwrap().unwrap().page_size, Some(2));
        assert_eq!(pages.items_up_to_limit(page(Some("a"), 2)).len(), 2);
        let second = pages.paging().unwrap().unwrap();
        assert_eq!((second.page_size, second.page_token.as_deref()), (Some(1), Some("a")));
        assert_eq!(pages.items_up_to_limit(page(Some("b"), 2)).len(), 1);
        assert!(pages.paging().unwrap().is_none());
    }

    #[test]
    fn a_list_ends_with_its_last_page() {
        let mut pages = Pages::all(100);
        pages.items_up_to_limit(page(None, 0));
        assert!(pages.paging().unwrap().is_none());
    }

    #[test]
    fn pages_that_go_round_are_an_error() {
        for tokens in [&["a", "a"][..], &["a", "b", "a"], &["a", "b", "c", "b"]] {
            let mut pages = Pages::all(100);
            for (index, token) in tokens.iter().enumerate() {
                assert_eq!(pages.items_up_to_limit(page(Some(token), 1)).len(), 1);
                assert_eq!(pages.paging().is_err(), index == tokens.len() - 1, "{tokens:?}");
            }
        }
    }
}
