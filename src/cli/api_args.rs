//! `chatauth api` as clap sees it.

use clap::Args;

use crate::commands::api::Options;

#[derive(Debug, Args)]
pub(super) struct ApiArgs {
    /// GET, HEAD, POST, PUT, PATCH or DELETE
    #[arg(value_name = "METHOD")]
    method: String,
    /// The path as in the reference, with or without its first slash
    #[arg(value_name = "PATH")]
    path: String,
    /// A member of the body, as text; a query parameter with GET; a[b]=c and a[]=x nest
    #[arg(short = 'f', long, value_name = "KEY=VALUE")]
    raw_field: Vec<String>,
    /// The same, for numbers, true, false, null, @FILE and @- (standard input)
    #[arg(short = 'F', long, value_name = "KEY=VALUE")]
    field: Vec<String>,
    /// The whole body, JSON from a file or from standard input; fields then go into the query
    #[arg(long, value_name = "FILE|-")]
    input: Option<String>,
    /// A query parameter
    #[arg(long, value_name = "KEY=VALUE")]
    query: Vec<String>,
    /// A scope that the call needs: a short name (chat.messages) or a full URL; known methods need none
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Get all pages: json joins their lists, jsonl is one page a line
    #[arg(long)]
    paginate: bool,
    /// Print the status and the headers before the body
    #[arg(short, long)]
    include: bool,
}

impl From<ApiArgs> for Options {
    fn from(arguments: ApiArgs) -> Self {
        Self {
            method: arguments.method,
            path: arguments.path,
            raw_fields: arguments.raw_field,
            typed_fields: arguments.field,
            input: arguments.input,
            query: arguments.query,
            scopes: arguments.scope,
            paginate: arguments.paginate,
            include: arguments.include,
        }
    }
}
