# The builtins of jq 1.7 that jaq lacks or defines differently. Names that begin with _ are helpers.

# Operators.
def _quotient(f; g): g as $y | f as $x
  | if [$x, $y] | all(isnumber) then
      if $y == 0 then error("\($x | tojson) cannot be divided by zero") else $x / $y | if fabs < 1e15 and . == floor then floor end end
    else $x / $y end;
def _remainder(f; g): g as $y | f as $x
  | if [$x, $y] | any(isnan) then nan
    elif [$x, $y] | all(isnumber) then
      ($y | trunc | floor) as $y
      | if $y == 0 then error("\($x | tojson) cannot be divided by zero") else ($x | trunc | floor) % $y end
    else $x % $y end;
def _index(f): f | if isnumber then floor elif . == null then error("cannot index with null") end;
def _from(f): f | if isnumber then floor end;
def _to(f): f | if isnumber then ceil end;

# Text and JSON.
def tostring: if isstring then . else tojson end;
def ltrimstr($prefix): if isstring and ($prefix | isstring) and startswith($prefix) then .[$prefix | length:] end;
def rtrimstr($suffix): if isstring and ($suffix | isstring) and endswith($suffix) then .[:length - ($suffix | length)] end;
def trimstr($text): ltrimstr($text) | rtrimstr($text);
def ascii: [.] | implode;
def join($separator):
  reduce .[] as $item (null;
    (if . == null then "" else . + $separator end)
    + ($item | if isboolean or isnumber then tostring else . // "" end))
  // "";

# Regular expressions.
def _flagged($re): if $re | isarray then $re else [$re] end;
def _named: reduce (.captures[] | select(.name)) as $group ({}; . + {($group.name): $group.string});
def match($re; $flags): _matches($re; $flags)[];
def match($re): _flagged($re) as [$re, $flags] | match($re; $flags);
def test($re; $flags): _matches($re; $flags) != [];
def test($re): _flagged($re) as [$re, $flags] | test($re; $flags);
def capture($re; $flags): match($re; $flags) | _named;
def capture($re): match($re) | _named;
def scan($re; $flags): match($re; "g" + $flags) | if .captures == [] then .string else [.captures[].string] end;
def scan($re): scan($re; null);
def splits($re; $flags): . as $in
  | foreach (match($re; "g" + $flags), {offset: length, length: 0}) as $match (
      {to: 0}; {from: .to, until: $match.offset, to: ($match.offset + $match.length)}; $in[.from:.until]);
def splits($re): splits($re; null);
def split($re; $flags): [splits($re; $flags)];
def split($separator):
  if isstring and ($separator | isstring) then . / $separator else error("split input and separator must be strings") end;
def sub($re; f; $flags): . as $in
  | reduce match($re; $flags) as $match ({texts: [], end: 0};
      .end as $end
      | [$match | _named | f] as $new
      | .texts = [range([(.texts, $new) | length] | max) as $i
          | (.texts[$i] // "") + if $i < ($new | length) then $in[$end:$match.offset] + $new[$i] else "" end]
      | .end = $match.offset + $match.length)
  | if .texts == [] then $in else .texts[] + $in[.end:] end;
def sub($re; f): sub($re; f; "");
def gsub($re; f; $flags): sub($re; f; "g" + $flags);
def gsub($re; f): sub($re; f; "g");
def tonumber:
  if isnumber then .
  elif . == "nan" then nan
  elif isstring and test("^\\s*[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?\\s*$")
  then capture("(?<sign>-?)[+]?0*(?<whole>[0-9]*)(?<rest>[.][0-9]+)?[.]?(?<exponent>[eE].*)?\\s*$")
    | .sign + (.whole | if . == "" then "0" end) + .rest + (.exponent | if . then trim end) | fromjson
  else error("\(tojson) cannot be parsed as a number") end;

# Formats.
def _cell(f):
  if isarray or isobject then error("\(tojson) is not valid in a row") elif . == null then "" elif isstring then f else tojson end;
def _row: if isarray then .[] else error("\(tojson) cannot be formatted as a row: it is not an array") end;
def @text: tostring;
def @json: tojson;
def @html: tostring | escape_html;
def @uri: tostring | encode_uri;
def @csv: [_row | _cell("\"" + (split("\"") | join("\"\"")) + "\"")] | join(",");
def @tsv:
  [_row | _cell(split("\\") | join("\\\\") | split("\n") | join("\\n") | split("\r") | join("\\r") | split("\t") | join("\\t"))]
  | join("\t");
def @sh:
  [if isarray then .[] end
    | if isarray or isobject then error("\(tojson) cannot be escaped for a shell")
      elif isstring then "'" + escape_sh + "'" else tojson end]
  | join(" ");
def @base64: tostring | encode_base64;
def @base64d: tostring | gsub("=+$"; "") | . + ["", "", "==", "="][utf8bytelength % 4] | decode_base64;
def format($name):
  if $name == "text" then @text elif $name == "json" then @json elif $name == "csv" then @csv elif $name == "tsv" then @tsv
  elif $name == "html" then @html elif $name == "uri" then @uri elif $name == "sh" then @sh
  elif $name == "base64" then @base64 elif $name == "base64d" then @base64d
  else error("\($name | tojson) is not a format") end;

# Arrays and objects.
def _reverse: reverse;
def reverse: if isarray then _reverse elif length == 0 then [] else error("\(tojson) cannot be reversed") end;
def flatten($depth):
  def rest($depth): reduce .[] as $item ([]; . + if $item | isarray and $depth != 0 then $item | rest($depth - 1) else [$item] end);
  if $depth < 0 then error("flatten depth must not be negative") else rest($depth) end;
def flatten: flatten(infinite);
def toarray: if isarray then . else [.] end;
def _has($key): has($key);
def has($key):
  if isarray and ($key | isnumber) then $key >= 0 and $key < length
  elif isobject and ($key | isstring) then _has($key)
  elif . == null then false
  else error("cannot check whether \(type) has the key \($key | tojson)") end;
def in(f): . as $key | f | has($key);
def _contains($other): contains($other);
def contains($other):
  if type == ($other | type) then _contains($other)
  else error("\(tojson) and \($other | tojson) cannot have their containment checked") end;
def inside(f): . as $part | f | contains($part);
def _indices($part): indices($part);
def indices($part): if . == null then null elif isobject then .[$part] else _indices($part) end;
def index($part): indices($part) | .[0];
def rindex($part): indices($part) | .[-1];
def from_entries: reduce .[] as $entry ({}; . + {
  ($entry | .key // .k // .name // .Name // .K // .Key | if isstring then . else error("cannot use \(tojson) as object key") end):
  ($entry | if has("value") then .value elif has("v") then .v else .Value // .V end)});
def with_entries(f): to_entries | map(f) | from_entries;
def _limit($count; f): limit($count; f);
def limit($count; f): if $count < 0 then f else _limit($count; f) end;
def _last(f): last(f);
def last(f): first(_last(f), null);
def nth($index; f): if $index < 0 then error("nth does not support negative indices") else first(skip($index; f)) end;
def nth($index): .[_index($index)];
def _range($from; $to; $by): range($from; $to; $by);
def range($from; $to; $by):
  if [$from, $to, $by] | all(isnumber) | not then error("range bounds must be numeric")
  elif $by == 0 then empty else _range($from; $to; $by) end;
def range($from; $to): range($from; $to; 1);
def range($to): range(0; $to; 1);

# Paths.
def leaf_paths: paths(scalars);
def recurse_down: recurse;
def setpath($path; $value):
  def rest($at): if $at == ($path | length) then $value else
    $path[$at] as $key
    | if . == null then if $key | isstring then {} else [] end end
    | if isarray and ($key | isnumber) then
        length as $length | ($key | floor | if . < 0 then . + $length end) as $index
        | if $index < 0 then error("out of bounds negative array index") end
        | . + [range($index + 1 - $length) | null]
        | .[$index] |= rest($at + 1)
      elif isobject and ($key | isstring | not) then error("cannot index object with \($key | tojson)")
      else .[$key] |= rest($at + 1) end
    end;
  if $path | isarray then rest(0) else error("path must be specified as an array") end;
def _grown(f): . as $in
  | reduce (path(f) | . as $path | select(length > 0 and ($in | getpath($path[:-1])
      | . == null or isarray and ($path[-1] | isnumber) and $path[-1] >= length))) as $path (.; setpath($path; null));
def _without($key):
  if . == null then .
  elif isobject and ($key | isstring) then _remove($key)
  elif isarray and ($key | isnumber) then
    length as $length | ($key | floor | if . < 0 then . + $length end) as $index
    | if $index < 0 or $index >= $length then . else .[:$index] + .[$index + 1:] end
  elif isarray and ($key | isobject) then .[$key] = []
  else error("cannot delete \($key | tojson) of \(type)") end;
def delpaths($paths):
  reduce ($paths | unique | reverse[]) as $path (.;
    if $path == [] then null
    elif getpath($path[:-1]) == null then .
    else getpath($path[:-1]) |= _without($path[-1]) end);
def del(f): delpaths([path(f)]);
def pick(f): . as $in | reduce path(f) as $path (null; setpath($path; $in | getpath($path)));
def tostream:
  def rest($path):
    if (isarray or isobject) and . != [] and . != {}
    then (keys_unsorted[] as $key | .[$key] | rest($path + [$key])), [$path + [keys_unsorted[-1]]]
    else [$path, .] end;
  rest([]);
def fromstream(f):
  foreach f as $event ({};
    if .done then {} end
    | if $event | length == 2 then .value = (.value | setpath($event[0]; $event[1])) | .done = ($event[0] == [])
      else .done = ($event[0] | length == 1) end;
    if .done then .value else empty end);
def truncate_stream(f): . as $depth | null | f | select(.[0] | length > $depth) | .[0] |= .[$depth:];

# Dates.
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def _mktime: mktime;
def mktime: _mktime | floor;
def fromdate: fromdateiso8601;
def todate: todateiso8601;
def date: todate;
def dateadd($unit; $count): . + $count;
def datesub($unit; $count): . - $count;

# As in SQL.
def IN(f): any(f == .; .);
def IN(f; g): any(f == g; .);
def INDEX(f; g): reduce f as $row ({}; . + {($row | g | tostring): $row});
def INDEX(g): INDEX(.[]; g);
def JOIN($index; g): [.[] | [., $index[g]]];
def JOIN($index; f; g): f | [., $index[g]];
def JOIN($index; f; g; h): f | [., $index[g]] | h;

# Numbers.
def gamma: lgamma;
def lgamma_r: [lgamma, if . < 0 and floor % 2 != 0 then -1 else 1 end];
def nearbyint: rint;
def have_literal_numbers: true;
def have_decnum: false;
