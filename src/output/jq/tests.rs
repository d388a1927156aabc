use super::program::{Program, REFUSED};

/// The builtins of jq 1.7.1, as it lists them.
const BUILTINS: &str = "IN/1 IN/2 INDEX/1 INDEX/2 JOIN/2 JOIN/3 JOIN/4 abs/0 acos/0 acosh/0 add/0 all/0 all/1 all/2 any/0 any/1 any/2 \
    arrays/0 ascii_downcase/0 ascii_upcase/0 asin/0 asinh/0 atan/0 atan2/2 atanh/0 booleans/0 bsearch/1 builtins/0 \
    capture/1 capture/2 cbrt/0 ceil/0 combinations/0 combinations/1 contains/1 copysign/2 cos/0 cosh/0 debug/0 \
    debug/1 del/1 delpaths/1 drem/2 empty/0 endswith/1 env/0 erf/0 erfc/0 error/0 error/1 exp/0 exp10/0 exp2/0 \
    explode/0 expm1/0 fabs/0 fdim/2 finites/0 first/0 first/1 flatten/0 flatten/1 floor/0 fma/3 fmax/2 fmin/2 \
    fmod/2 format/1 frexp/0 from_entries/0 fromdate/0 fromdateiso8601/0 fromjson/0 fromstream/1 gamma/0 \
    get_jq_origin/0 get_prog_origin/0 get_search_list/0 getpath/1 gmtime/0 group_by/1 gsub/2 gsub/3 halt/0 \
    halt_error/0 halt_error/1 has/1 hypot/2 implode/0 in/1 index/1 indices/1 infinite/0 input/0 input_filename/0 \
    input_line_number/0 inputs/0 inside/1 isempty/1 isfinite/0 isinfinite/0 isnan/0 isnormal/0 iterables/0 j0/0 \
    j1/0 jn/2 join/1 keys/0 keys_unsorted/0 last/0 last/1 ldexp/2 length/0 lgamma/0 lgamma_r/0 limit/2 localtime/0 \
    log/0 log10/0 log1p/0 log2/0 logb/0 ltrimstr/1 map/1 map_values/1 match/1 match/2 max/0 max_by/1 min/0 \
    min_by/1 mktime/0 modf/0 modulemeta/0 nan/0 nearbyint/0 nextafter/2 nexttoward/2 normals/0 not/0 now/0 nth/1 \
    nth/2 nulls/0 numbers/0 objects/0 path/1 paths/0 paths/1 pick/1 pow/2 pow10/0 range/1 range/2 range/3 \
    recurse/0 recurse/1 recurse/2 remainder/2 repeat/1 reverse/0 rindex/1 rint/0 round/0 rtrimstr/1 scalars/0 \
    scalb/2 scalbln/2 scan/1 scan/2 select/1 setpath/2 significand/0 sin/0 sinh/0 sort/0 sort_by/1 split/1 split/2 \
    splits/1 splits/2 sqrt/0 startswith/1 stderr/0 strflocaltime/1 strftime/1 strings/0 strptime/1 sub/2 sub/3 \
    tan/0 tanh/0 test/1 test/2 tgamma/0 to_entries/0 todate/0 todateiso8601/0 tojson/0 tonumber/0 tostream/0 \
    tostring/0 transpose/0 trunc/0 truncate_stream/1 type/0 unique/0 unique_by/1 until/2 utf8bytelength/0 values/0 \
    walk/1 while/2 with_entries/1 y0/0 y1/0 yn/2";

const CASES: &str = include_str!("cases.tsv");

/// Runs `test` with the stack that the process has.
fn with_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(super::worker::STACK).spawn(test).unwrap().join().unwrap();
}

/// Returns the results of an expression on one line, as in the table.
fn results(expression: &str, input: &str) -> String {
    let mut results = Vec::new();
    let program = Program::compile(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let end = program.run(input, |json| {
        results.push(String::from_utf8(json.to_vec()).unwrap());
        true
    });
    if end.is_err() {
        results.push(String::from("error"));
    }
    results.join(" ")
}

fn cases() -> impl Iterator<Item = [&'static str; 3]> {
    CASES.lines().filter(|line| !line.starts_with("# ")).map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        fields.try_into().unwrap_or_else(|_| panic!("{line}"))
    })
}

#[test]
fn every_expression_has_the_results_that_jq_has() {
    with_stack(|| {
        let wrong: Vec<String> = cases()
            .map(|[expression, input, expected]| (expression, expected, results(expression, input)))
            .filter(|(_, expected, found)| expected != found)
            .map(|(expression, expected, found)| format!("{expression}: {found} and not {expected}"))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

#[test]
fn every_builtin_of_jq_is_in_the_table_or_refused() {
    with_stack(|| {
        let words = |text: &'static str| text.split(|character: char| !character.is_alphanumeric() && character != '_');
        let tried: std::collections::HashSet<&str> = cases().flat_map(|[expression, ..]| words(expression)).collect();
        for builtin in BUILTINS.split(' ') {
            let (name, arity) = builtin.split_once('/').unwrap();
            let arguments = vec!["."; arity.parse().unwrap()].join("; ");
            let call = if arguments.is_empty() { name.to_owned() } else { format!("{name}({arguments})") };
            match Program::compile(&call) {
                Ok(_) => assert!(tried.contains(name), "{name} is in no case"),
                Err(error) => assert!(REFUSED.contains(&name) && error.contains(name), "{call}: {error}"),
            }
        }
    });
}

#[test]
fn what_is_refused_is_refused_by_name_and_documented() {
    with_stack(|| {
        let documentation = include_str!("../../../docs/scripting.md");
        for name in REFUSED.iter().chain(&["?//"]) {
            let expression = if *name == "?//" { ". as [$a] ?// $a | $a" } else { name };
            let error = Program::compile(expression).err().unwrap_or_else(|| panic!("{name} is not refused"));
            assert!(error.contains(&format!("{name} is not available here")), "{name}: {error}");
            assert!(documentation.contains(&format!("`{name}`")), "{name} is not documented");
        }
    });
}

#[test]
fn what_is_no_expression_is_refused() {
    with_stack(|| {
        for (expression, part) in [
            (".[", "missing"),
            ("nosuch", "nosuch"),
            ("nosuch(1)", "nosuch"),
            ("halt(3)", "halt"),
            ("debug(.)", "debug"),
            ("halt_error(1)", "halt_error"),
            ("$x", "$x"),
            ("@nosuch", "@nosuch"),
            ("_matches_", "_matches_"),
            ("import \"a\" as a; .", "modules"),
            ("( # comment", "missing"),
        ] {
            let error = Program::compile(expression).err().unwrap_or_else(|| panic!("{expression} is not refused"));
            assert!(error.contains(part), "{expression}: {error}");
        }
    });
}

#[test]
fn keys_keep_their_order_and_numbers_their_digits() {
    with_stack(|| {
        let input = r#"{"z":"a b","a":[1,null],"n":12345678901234567890123,"d":1.50}"#;
        assert_eq!(results(".", input), input);
        assert_eq!(results("del(.z) | .d |= .", input), input.replace(r#""z":"a b","#, ""));
        assert_eq!(results("\"\\(.n) \\(.d)\"", input), r#""12345678901234567890123 1.50""#);
    });
}
