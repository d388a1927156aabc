//! `chatauth spaces search`.

use crate::chat::{Method, SearchSpaces};
use crate::commands::arguments::AdminAccess;
use crate::commands::caller::Caller;
use crate::commands::pagination::{Limit, Pages};
use crate::commands::{Context, Failure};

/// The largest page of the API.
const LARGEST_PAGE: u32 = 100;

/// The largest page of the API for administrators.
const LARGEST_ADMIN_PAGE: u32 = 1000;

/// The longest query that the API takes, in characters.
const LONGEST_QUERY: usize = 1000;

/// Find spaces by name, or with a query
#[derive(Debug, clap::Args)]
#[command(after_help = super::show::with_columns(examples!("chatauth spaces search team --use-admin-access")))]
pub struct Search {
    /// Words of the name, or a query of the API (if it has = or :)
    #[arg(value_name = "QUERY", required = true)]
    query: Vec<String>,
    /// Order of the results, as in 'create_time DESC'
    #[arg(long, value_name = "ORDER")]
    order_by: Option<String>,
    #[command(flatten)]
    limit: Limit,
    #[command(flatten)]
    admin: AdminAccess,
}

impl Search {
    /// Lists the spaces that the query finds.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let query = query(&self.query.join(" "), admin)?;
        if !admin && !query.contains("display_name") && !query.contains("displayName") {
            context
                .messages
                .note("Without display_name in the query, only administrators (--use-admin-access) find spaces.");
        }
        let mut caller = Caller::new(context, &[SearchSpaces::SCOPES], admin).await?;
        let largest = if admin { LARGEST_ADMIN_PAGE } else { LARGEST_PAGE };
        let pages = Pages::up_to(&self.limit, largest, context);
        let request = |paging| SearchSpaces { query: query.clone(), order_by: self.order_by.clone(), paging, admin };
        super::show::print_list(pages, request, &mut caller, context).await
    }
}

/// Returns the query for the API. Words are looked for in the name; text with `=` or `:` is a query already. Terms that
/// the API requires are added.
fn query(text: &str, admin: bool) -> Result<String, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::usage("QUERY (query) is empty: give some words of the name"));
    }
    let mut query = if text.contains(['=', ':']) {
        text.to_owned()
    } else {
        format!("display_name:\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    };
    let mut terms = Vec::new();
    let compact = query.replace(' ', "");
    if admin && !compact.contains("customer=") {
        terms.push("customer = \"customers/my_customer\"");
    }
    if !compact.contains("space_type=") && !compact.contains("spaceType=") {
        terms.push("space_type = \"SPACE\"");
    }
    if !terms.is_empty() {
        // AND binds more tightly than OR.
        if query.contains(" OR ") && !query.contains('(') {
            query = format!("({query})");
        }
        query = format!("{query} AND {}", terms.join(" AND "));
    }
    let count = query.chars().count();
    if count > LONGEST_QUERY {
        return Err(Failure::usage(format!(
            "QUERY (query) has {count} characters; at most {LONGEST_QUERY} are allowed"
        )));
    }
    Ok(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &str, admin: bool) -> Result<String, Failure> {
        query(text, admin)
    }

    #[test]
    fn words_become_a_query_and_queries_are_completed() {
        for (text, admin, expected) in [
            ("team \"7b\"", false, r#"display_name:"team \"7b\"" AND space_type = "SPACE""#),
            ("team", true, r#"display_name:"team" AND customer = "customers/my_customer" AND space_type = "SPACE""#),
            ("space_type=\"SPACE\"", false, "space_type=\"SPACE\""),
            (
                r#"display_name:"a" OR display_name:"b""#,
                false,
                r#"(display_name:"a" OR display_name:"b") AND space_type = "SPACE""#,
            ),
            (
                r#"customer = "customers/my_customer" AND space_type = "SPACE""#,
                true,
                r#"customer = "customers/my_customer" AND space_type = "SPACE""#,
            ),
        ] {
            assert_eq!(ask(text, admin).unwrap(), expected);
        }
    }

    #[test]
    fn what_breaks_a_rule_is_refused_with_the_apis_word_for_it() {
        assert!(ask(" ", false).unwrap_err().message.contains("(query)"));
        assert!(ask(&"x".repeat(1000), false).unwrap_err().message.contains("(query)"));
    }
}
