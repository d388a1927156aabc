//! The structure of the Chat API, as Google describes it: what a request may hold.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::recorder::Recorded;

/// The description.
pub(crate) struct Discovery(Value);

/// What a request used: `method ?parameter` for its query, `method field.field` for its body.
pub(crate) type Used = BTreeSet<(String, String)>;

impl Discovery {
    pub(crate) fn load() -> Self {
        Self(serde_json::from_str(include_str!("chat-v1.json")).unwrap())
    }

    fn methods(&self) -> Vec<&Value> {
        let spaces = &self.0["resources"]["spaces"];
        let all = [&spaces["methods"], &spaces["resources"]["members"]["methods"]];
        all.into_iter().flat_map(|methods| methods.as_object().unwrap().values()).collect()
    }

    /// The ids of the methods that this program has commands for.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.methods().iter().map(|method| id(method)).collect()
    }

    /// Everything that requests of all methods could use.
    pub(crate) fn usable(&self) -> Used {
        let mut usable = Used::new();
        for method in self.methods() {
            for (name, parameter) in method["parameters"].as_object().into_iter().flatten() {
                if parameter["location"] == "query" {
                    usable.insert((id(method), format!("?{name}")));
                }
            }
            if let Some(schema) = method["request"]["$ref"].as_str() {
                let mut fields = Vec::new();
                self.fields(schema, "", &mut fields);
                usable.extend(fields.into_iter().map(|field| (id(method), field)));
            }
        }
        usable
    }

    /// The writable fields of a schema that have no fields themselves.
    fn fields(&self, schema: &str, prefix: &str, found: &mut Vec<String>) {
        for (name, property) in self.0["schemas"][schema]["properties"].as_object().unwrap() {
            if property["readOnly"] == true {
                continue;
            }
            let list = property["type"] == "array";
            let inner = if list { &property["items"]["$ref"] } else { &property["$ref"] };
            let path = format!("{prefix}{name}{}", if list { "[]" } else { "" });
            match inner.as_str() {
                Some(schema) => self.fields(schema, &format!("{path}."), found),
                None => found.push(path),
            }
        }
    }

    /// Checks one request: nothing in it is unknown to the API, or not for clients to send. Gives what it used.
    pub(crate) fn check(&self, request: &Recorded) -> Used {
        let method = self
            .methods()
            .into_iter()
            .find(|method| method["httpMethod"] == request.method.as_str() && fits(method, &request.path))
            .unwrap_or_else(|| panic!("there is no such method: {}", request.line()));
        let mut used = Used::new();
        let mut seen = BTreeSet::new();
        for (name, value) in &request.query {
            let parameter = &method["parameters"][name];
            let context = format!("{} {name}={value}", id(method));
            assert_eq!(parameter["location"], "query", "{context}");
            assert!(seen.insert(name) || parameter["repeated"] == true, "twice: {context}");
            match parameter["type"].as_str().unwrap() {
                "integer" => assert!(value.parse::<i32>().is_ok(), "{context}"),
                "boolean" => assert!(["true", "false"].contains(&value.as_str()), "{context}"),
                _ => {}
            }
            known_value(parameter, value, &context);
            used.insert((id(method), format!("?{name}")));
        }
        match (&request.body, method["request"]["$ref"].as_str()) {
            (None, None) => {}
            (Some(Value::Object(body)), Some(schema)) => {
                let mut fields = Vec::new();
                self.check_object(&Value::Object(body.clone()), schema, "", &mut fields);
                used.extend(fields.into_iter().map(|field| (id(method), field)));
                if let Some(mask) = request.parameter("updateMask") {
                    check_mask(mask, &request.body.clone().unwrap());
                }
            }
            (body, schema) => panic!("{}: a body {body:?} for the schema {schema:?}", id(method)),
        }
        used
    }

    fn check_object(&self, value: &Value, schema: &str, prefix: &str, used: &mut Vec<String>) {
        let object = value.as_object().unwrap_or_else(|| panic!("{prefix} is no {schema}: {value}"));
        for (name, value) in object {
            let property = &self.0["schemas"][schema]["properties"][name];
            let path = format!("{prefix}{name}");
            assert!(property.is_object(), "there is no field {path} in {schema}");
            assert_ne!(property["readOnly"], true, "{path} is the server's");
            if property["type"] == "array" {
                for item in value.as_array().unwrap_or_else(|| panic!("{path} is no list")) {
                    match property["items"]["$ref"].as_str() {
                        Some(schema) => self.check_object(item, schema, &format!("{path}[]."), used),
                        None => used.push(format!("{path}[]")),
                    }
                }
            } else if let Some(schema) = property["$ref"].as_str() {
                self.check_object(value, schema, &format!("{path}."), used);
            } else {
                match property["type"].as_str().unwrap() {
                    "boolean" => assert!(value.is_boolean(), "{path}: {value}"),
                    "string" => known_value(property, value.as_str().unwrap(), &path),
                    other => panic!("{path} has a type that this test does not know: {other}"),
                }
                used.push(path);
            }
        }
    }
}

fn id(method: &Value) -> String {
    method["id"].as_str().unwrap().trim_start_matches("chat.").to_owned()
}

/// Whether a path is one of the method's; each of its parts stands for exactly one segment.
fn fits(method: &Value, path: &str) -> bool {
    let flat = method["flatPath"].as_str().unwrap();
    let (wanted, given): (Vec<&str>, Vec<&str>) =
        (flat.split('/').collect(), path.trim_start_matches('/').split('/').collect());
    wanted.len() == given.len()
        && wanted.iter().zip(&given).all(|(wanted, given)| match wanted.strip_prefix('{') {
            None => wanted == given,
            Some(rest) => {
                let (_, verb) = rest.split_once('}').unwrap();
                given.strip_suffix(verb).is_some_and(|name| !name.is_empty() && !name.contains(':'))
            }
        })
}

fn known_value(property: &Value, value: &str, context: &str) {
    if let Some(values) = property["enum"].as_array() {
        assert!(values.iter().any(|known| known == value), "{context}: {value} is none of {values:?}");
    }
}

/// What the mask names is in the body, and what is in the body stands under something that the mask names.
fn check_mask(mask: &str, body: &Value) {
    let camel = |name: &str| {
        let mut upper = false;
        let letters = name.chars().filter_map(|letter| {
            let shown = (letter != '_').then(|| if upper { letter.to_ascii_uppercase() } else { letter });
            upper = letter == '_';
            shown
        });
        letters.collect::<String>()
    };
    let pointers: Vec<String> = mask.split(',').map(|path| format!("/{}", camel(path).replace('.', "/"))).collect();
    for pointer in &pointers {
        assert!(body.pointer(pointer).is_some(), "the mask names {pointer}, and the body has none");
    }
    let mut open = vec![(String::new(), body)];
    while let Some((path, value)) = open.pop() {
        if pointers.contains(&path) {
            continue;
        }
        assert!(pointers.iter().any(|pointer| pointer.starts_with(&format!("{path}/"))), "{path} is not in {mask}");
        let fields = value.as_object().into_iter().flatten();
        open.extend(fields.map(|(name, value)| (format!("{path}/{name}"), value)));
    }
}
