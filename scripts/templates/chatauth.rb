class Chatauth < Formula
  desc "@DESCRIPTION@"
  homepage "@HOMEPAGE@"
  version "@VERSION@"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "@URL:aarch64-apple-darwin@"
      sha256 "@SHA256:aarch64-apple-darwin@"
    end
    on_intel do
      url "@URL:x86_64-apple-darwin@"
      sha256 "@SHA256:x86_64-apple-darwin@"
    end
  end

  on_linux do
    on_arm do
      url "@URL:aarch64-unknown-linux-musl@"
      sha256 "@SHA256:aarch64-unknown-linux-musl@"
    end
    on_intel do
      url "@URL:x86_64-unknown-linux-musl@"
      sha256 "@SHA256:x86_64-unknown-linux-musl@"
    end
  end

  def install
    bin.install "chatauth"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/chatauth.bash" => "chatauth"
    zsh_completion.install "completions/_chatauth"
    fish_completion.install "completions/chatauth.fish"
  end

  test do
    command = "chatauth spaces create --name API-made --jq .displayName"
    assert_equal "API-made\n", shell_output("#{bin}/chatauth emulator -- #{command}")
  end
end
