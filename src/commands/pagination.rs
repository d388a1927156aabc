//! Lists that are read page by page, and no further than they are wanted.

use crate::chat::{Page, Paging, Resource};

/// The position in a paged list.
pub(super) struct Pages {
    left: Option<u32>,
    largest: u32,
    next: Option<Paging>,
}

impl Pages {
    /// At most `limit` results; the server gives at most `largest` at once.
    pub(super) fn new(limit: Option<u32>, largest: u32) -> Self {
        Self { left: limit, largest, next: Some(Paging::default()) }
    }

    /// Returns the next page to request; `None` at the end of the list or the limit.
    pub(super) fn next(&self) -> Option<Paging> {
        let page_size = self.left.map_or(self.largest, |left| left.min(self.largest));
        let paging = self.next.clone().filter(|_| page_size > 0)?;
        Some(Paging { page_size: Some(page_size), ..paging })
    }

    /// Returns the items of a page up to the limit.
    pub(super) fn take<Fields>(&mut self, page: Page<Fields>) -> Vec<Resource<Fields>> {
        let before = self.next.take().and_then(|paging| paging.page_token);
        // A repeated page token would loop forever.
        let token = page.next_page_token.filter(|token| before.as_ref() != Some(token));
        self.next = token.map(|token| Paging { page_token: Some(token), page_size: None });
        let mut items = page.items;
        if let Some(left) = &mut self.left {
            items.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= u32::try_from(items.len()).unwrap_or(*left);
        }
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
        let mut pages = Pages::new(Some(3), 2);
        assert_eq!(pages.next().unwrap().page_size, Some(2));
        assert_eq!(pages.take(page(Some("a"), 2)).len(), 2);
        let second = pages.next().unwrap();
        assert_eq!((second.page_size, second.page_token.as_deref()), (Some(1), Some("a")));
        assert_eq!(pages.take(page(Some("b"), 2)).len(), 1);
        assert!(pages.next().is_none());
    }

    #[test]
    fn a_list_ends_with_its_last_page_and_with_one_that_leads_back_to_itself() {
        let mut pages = Pages::new(None, 100);
        assert_eq!(pages.take(page(Some("a"), 1)).len(), 1);
        assert_eq!(pages.take(page(Some("a"), 1)).len(), 1);
        assert!(pages.next().is_none());
        let mut pages = Pages::new(None, 100);
        pages.take(page(None, 0));
        assert!(pages.next().is_none());
    }
}
