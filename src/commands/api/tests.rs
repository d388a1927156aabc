use super::*;

fn made(method: &str, path: &str, change: impl FnOnce(&mut Api)) -> Result<RawRequest, Failure> {
    let mut options = Api { method: method.to_owned(), path: path.to_owned(), ..Api::default() };
    change(&mut options);
    request(&options)
}

fn refused(method: &str, path: &str, change: impl FnOnce(&mut Api)) -> String {
    let failure = made(method, path, change).unwrap_err();
    assert_eq!(failure.code, ErrorCode::Usage);
    failure.message
}

#[test]
fn fields_go_where_the_method_takes_them() {
    let fields = |options: &mut Api| {
        options.raw_field = vec!["filter=a b".into()];
        options.field = vec!["pageSize=3".into()];
        options.query = vec!["prettyPrint=false".into()];
    };
    let get = made("get", "v1/spaces?x=y", fields).unwrap();
    let pairs: Vec<String> = get.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(pairs, ["x=y", "prettyPrint=false", "filter=a b", "pageSize=3"]);
    assert_eq!((get.verb.as_str(), get.body), ("GET", None));

    let post = made("POST", "/v1/spaces", fields).unwrap();
    assert_eq!(post.query.len(), 1);
    assert_eq!(post.body.unwrap(), br#"{"filter":"a b","pageSize":3}"#);
    assert_eq!(made("POST", "v1/spaces/A:completeImport", |_| {}).unwrap().body, None);
}

#[test]
fn what_makes_no_sense_is_refused() {
    assert!(refused("FETCH", "v1/spaces", |_| {}).contains("is not an HTTP method"));
    assert!(refused("v1/spaces", "", |_| {}).contains("is not an HTTP method"));
    assert!(refused("POST", "v1/spaces", |options| options.paginate = true).contains("--paginate"));
    assert!(refused("GET", "v1/spaces", |options| options.input = Some("-".into())).contains("--input"));
    assert!(refused("GET", "v1/spaces", |options| options.query = vec!["x".into()]).contains("key=value"));
    let twice = |options: &mut Api| options.field = vec!["a=@-".into(), "b=@-".into()];
    assert!(refused("POST", "https://evil.test/x", twice).contains("is a URL"), "the path is looked at first");
}

#[test]
fn pages_turn_and_do_not_turn_for_ever() {
    for (asked, tokens, ends) in [
        (None, &["2", "3", "4"][..], false),
        (None, &["2", "2"], true),
        (None, &["2", "3", "2"], true),
        (Some("2"), &["2"], true),
        (Some("2"), &["3", "2"], true),
    ] {
        let mut request = made("GET", "v1/spaces", |_| {}).unwrap();
        request.query.extend(asked.map(|token| (String::from("pageToken"), String::from(token))));
        let mut seen = SeenTokens::default();
        for (index, token) in tokens.iter().enumerate() {
            let turned = set_page_token(&mut request, (*token).to_owned(), &mut seen);
            if ends && index == tokens.len() - 1 {
                assert_eq!(turned.unwrap_err().code, ErrorCode::ServerError, "{asked:?} {tokens:?}");
            } else {
                turned.unwrap();
                assert_eq!(request.query, [(String::from("pageToken"), (*token).to_owned())]);
            }
        }
    }
}
