# Installs chatauth for the current user: downloads the archive for this machine, verifies its SHA-256 sum, and copies
# the program. Needs no administrator. Run it again to update.
#
#   CHATAUTH_INSTALL   directory of the program (default %LOCALAPPDATA%\Programs\chatauth, added to your PATH)
#   CHATAUTH_VERSION   version to install (default: the release that this script belongs to)
#   CHATAUTH_RELEASES  address of the releases (default: where this script was released)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

# A release fills in both.
$releases = ''
$version = ''

function Install-Chatauth {
    if ($env:CHATAUTH_RELEASES) { $releases = $env:CHATAUTH_RELEASES }
    if ($env:CHATAUTH_VERSION) { $version = $env:CHATAUTH_VERSION }
    $version = $version -replace '^v', ''
    if (-not $releases) { throw 'no address to download from: set CHATAUTH_RELEASES, or use the install.ps1 of a release' }
    if (-not $version) { throw 'no version to install: set CHATAUTH_VERSION, or use the install.ps1 of a release' }
    if ($releases -match '@' -or $releases -notmatch '^https://|^http://(127\.0\.0\.1|localhost)[:/]') {
        throw "refusing to download from ${releases}: only https is safe"
    }
    # Windows on Arm runs the same program.
    if (-not [Environment]::Is64BitOperatingSystem) { throw 'no release for 32-bit Windows: build chatauth from source with cargo' }
    $directory = if ($env:CHATAUTH_INSTALL) { $env:CHATAUTH_INSTALL } else { Join-Path $env:LOCALAPPDATA 'Programs\chatauth' }
    $directory = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($directory)
    $program = Join-Path $directory 'chatauth.exe'

    $name = "chatauth-$version-x86_64-pc-windows-msvc"
    $from = "$($releases.TrimEnd('/'))/download/v$version"
    $work = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
    New-Item -ItemType Directory -Path $work | Out-Null
    try {
        Write-Output "Downloading $name"
        # Windows PowerShell offers TLS 1.0 first and redraws a slow bar for every block.
        [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
        $ProgressPreference = 'SilentlyContinue'
        Invoke-WebRequest -UseBasicParsing -Uri "$from/$name.zip" -OutFile "$work\$name.zip"
        Invoke-WebRequest -UseBasicParsing -Uri "$from/SHA256SUMS" -OutFile "$work\SHA256SUMS"

        $line = Get-Content "$work\SHA256SUMS" | Where-Object { $_.EndsWith("  $name.zip") } | Select-Object -First 1
        if (-not $line) { throw "SHA256SUMS does not list $name.zip; nothing was installed" }
        $actual = (Get-FileHash -Algorithm SHA256 "$work\$name.zip").Hash
        if ($actual -ne $line.Split(' ')[0]) { throw "the SHA-256 sum of $name.zip is wrong; nothing was installed" }

        Expand-Archive -Path "$work\$name.zip" -DestinationPath $work
        & "$work\$name\chatauth.exe" --version | Out-Null
        if ($LASTEXITCODE -ne 0) { throw 'the program does not run on this machine; nothing was installed' }
        New-Item -ItemType Directory -Force -Path $directory | Out-Null
        Copy-Item -Force -LiteralPath "$work\$name\chatauth.exe" -Destination "$program.new"
        # Windows renames a running program, and does not overwrite it.
        if (Test-Path -LiteralPath $program) {
            Remove-Item -Force -LiteralPath "$program.old" -ErrorAction SilentlyContinue
            Move-Item -LiteralPath $program -Destination "$program.old"
        }
        Move-Item -LiteralPath "$program.new" -Destination $program
        Remove-Item -Force -LiteralPath "$program.old" -ErrorAction SilentlyContinue
    } finally {
        # A virus scanner may still read the program that has just run.
        Remove-Item -Recurse -Force $work -ErrorAction SilentlyContinue
    }

    Write-Output "Installed chatauth $version in $directory"
    # Nothing is known of a directory that the caller chose, so it is not put into PATH for good.
    if ($env:CHATAUTH_INSTALL) {
        if (($env:Path -split ';') -notcontains $directory) { Write-Output 'Add that directory to your PATH.' }
    } else {
        # As it is written, with variables such as %USERPROFILE%.
        $path = (Get-Item 'HKCU:\Environment').GetValue('Path', '', 'DoNotExpandEnvironmentNames')
        if (($path -split ';') -notcontains $directory) {
            $path = (@($path, $directory) -ne '') -join ';'
            Set-ItemProperty 'HKCU:\Environment' -Name Path -Type ExpandString -Value $path
            # Also tells running programs that the environment has changed.
            [Environment]::SetEnvironmentVariable('CHATAUTH_PATH_CHANGED', $null, 'User')
            Write-Output 'Added that directory to your PATH; open a new terminal to use it.'
        }
    }
    $quoted = $program -replace "'", "''"
    Write-Output "To remove it: Remove-Item -LiteralPath '$quoted'"
    if (-not $env:CHATAUTH_INSTALL) { Write-Output 'Then remove that directory from your PATH.' }
    Write-Output 'Logins stay until you run: chatauth auth logout --all'
}

# The last line, so that a script that was cut off does nothing.
Install-Chatauth
