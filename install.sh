#!/bin/sh
# Installs chatauth for the current user: downloads the archive for this machine, verifies its SHA-256 sum, and copies
# the program, its man pages and its completions. Needs curl, and no root. Run it again to update.
#
#   CHATAUTH_INSTALL   directory of the program (default ~/.local/bin)
#   CHATAUTH_VERSION   version to install (default: the release that this script belongs to)
#   CHATAUTH_RELEASES  address of the releases (default: where this script was released)
set -eu

# A release fills in both.
releases=''
version=''

main() {
  # Root's files are for everyone.
  umask 022
  releases=${CHATAUTH_RELEASES:-$releases}
  version=${CHATAUTH_VERSION:-$version}
  version=${version#v}
  [ -n "$releases" ] || fail 'no address to download from: set CHATAUTH_RELEASES, or use the install.sh of a release'
  [ -n "$version" ] || fail 'no version to install: set CHATAUTH_VERSION, or use the install.sh of a release'
  directory=${CHATAUTH_INSTALL:-'~/.local/bin'}
  case $directory in
    \~ | \~/*)
      [ -n "${HOME:-}" ] || fail 'HOME is not set: set CHATAUTH_INSTALL to a whole path'
      directory=$HOME${directory#\~}
      ;;
  esac

  target=$(detect_target)
  name=chatauth-$version-$target
  from=${releases%/}/download/v$version
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM

  say "Downloading $name"
  download "$from/$name.tar.gz" "$work/$name.tar.gz"
  download "$from/SHA256SUMS" "$work/SHA256SUMS"
  verify "$work" "$name.tar.gz"
  tar -xzf "$work/$name.tar.gz" -C "$work" || fail "cannot unpack $name.tar.gz"
  "$work/$name/chatauth" --version >/dev/null ||
    fail "the program does not run in $work; nothing was installed: if programs cannot run there, set TMPDIR"

  bin=$(mkdir -p -- "$directory" && CDPATH='' cd -- "$directory" && pwd) || fail "cannot write to $directory"
  [ ! -d "$bin/chatauth" ] || fail "$bin/chatauth is a directory"
  install_file "$work/$name/chatauth" "$bin/chatauth" 755 || fail "cannot write $bin/chatauth"
  remove="rm -f $(quote "$bin/chatauth")"
  # Beside a directory "bin" stands "share", where man, bash and fish look; beside any other nothing is sure.
  case $bin in
    ?*/bin)
      install_extras "$work/$name" "${bin%/bin}/share" || say "warning: cannot write man pages and completions" >&2
      ;;
  esac
  report
}

say() { printf '%s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
quote() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; } # quote TEXT: for a POSIX shell

detect_target() {
  system=$(uname -s)
  machine=$(uname -m)
  # A shell under Rosetta says x86_64 on a processor that is not.
  if [ "$system $machine" = 'Darwin x86_64' ] && [ "$(sysctl -n hw.optional.arm64 2>/dev/null || true)" = 1 ]; then
    machine=arm64
  fi
  case "$system $machine" in
    'Linux x86_64' | 'Linux amd64') echo x86_64-unknown-linux-musl ;;
    'Linux aarch64' | 'Linux arm64') echo aarch64-unknown-linux-musl ;;
    'Darwin x86_64') echo x86_64-apple-darwin ;;
    'Darwin arm64') echo aarch64-apple-darwin ;;
    MINGW* | MSYS* | CYGWIN*) fail 'this is Windows: run install.ps1 in PowerShell' ;;
    *) fail "no release for $system on $machine: build chatauth from source with cargo" ;;
  esac
}

download() { # download URL FILE
  case $1 in
    *@*) fail "refusing to download from an address with a user name" ;;
    https://*) only='=https' ;;
    http://127.0.0.1[:/]* | http://localhost[:/]*) only='=http' ;;
    *) fail "refusing to download from $1: only https is safe" ;;
  esac
  # wget would follow a redirect from https to http.
  command -v curl >/dev/null 2>&1 || fail 'curl is needed'
  curl --fail --silent --show-error --location --proto "$only" --retry 2 --output "$2" "$1" || fail "cannot download $1"
}

verify() { # verify DIRECTORY FILE
  expected=$(awk -v file="$2" '$2 == file { print $1 }' "$1/SHA256SUMS") || fail 'cannot read SHA256SUMS'
  [ -n "$expected" ] || fail "SHA256SUMS does not list $2; nothing was installed"
  if command -v sha256sum >/dev/null 2>&1; then
    actual=$(sha256sum "$1/$2")
  elif command -v shasum >/dev/null 2>&1; then
    actual=$(shasum -a 256 "$1/$2")
  else
    fail 'sha256sum or shasum is needed'
  fi
  [ "${actual%% *}" = "$expected" ] || fail "the SHA-256 sum of $2 is wrong; nothing was installed"
}

install_file() { # install_file SOURCE TARGET MODE: replaces TARGET at once, also while it runs
  [ ! -d "$2.new" ] || return 1
  if ! { mkdir -p "$(dirname "$2")" && cp "$1" "$2.new" && chmod "$3" "$2.new" && mv -f "$2.new" "$2"; }; then
    rm -f "$2.new"
    return 1
  fi
}

install_extras() { # install_extras ARCHIVE SHARE
  remove="$remove $(quote "$2/man/man1/chatauth")*.1 $(quote "$2/bash-completion/completions/chatauth")"
  remove="$remove $(quote "$2/zsh/site-functions/_chatauth") $(quote "$2/fish/vendor_completions.d/chatauth.fish")"
  for page in "$1"/man/*.1; do
    install_file "$page" "$2/man/man1/${page##*/}" 644 || return
  done
  install_file "$1/completions/chatauth.bash" "$2/bash-completion/completions/chatauth" 644 &&
    install_file "$1/completions/_chatauth" "$2/zsh/site-functions/_chatauth" 644 &&
    install_file "$1/completions/chatauth.fish" "$2/fish/vendor_completions.d/chatauth.fish" 644
}

report() {
  say "Installed chatauth $version in $bin"
  case ":${PATH:-}:" in
    *":$bin:"*)
      # shellcheck disable=SC3013 # every sh has -ef
      [ "$(command -v chatauth)" -ef "$bin/chatauth" ] || say "warning: your PATH has $(command -v chatauth) first" >&2
      ;;
    *) say "Add it to your PATH: export PATH=$(quote "$bin"):\"\$PATH\"" ;;
  esac
  # Of the files of a person, zsh looks for none.
  case ${SHELL:-}:$bin in
    */zsh:"${HOME:-}"*/bin)
      say "For completions in zsh, add this to ~/.zshrc before compinit: fpath+=($(quote "${bin%/bin}/share/zsh/site-functions"))"
      ;;
  esac
  say "To remove it: $remove"
  say 'Logins stay until you run: chatauth auth logout --all'
}

# The last line, so that a script that was cut off does nothing.
main
