# The static program on nothing, with certificate authorities and a place for logins. scripts/image lays out what it copies.
#
#   docker run --rm --volume chatauth:/config --interactive IMAGE auth import - <login.json
#   docker run --rm --volume chatauth:/config IMAGE spaces create --name API-made
FROM scratch
COPY chatauth /usr/bin/chatauth
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY LICENSE THIRD-PARTY-LICENSES.txt /usr/share/doc/chatauth/
# Holds the directories config, whose owner and mode a new volume takes over, and tmp, where the emulator writes.
COPY --chown=65532:65532 volume /
ENV CHATAUTH_CONFIG_DIR=/config
VOLUME /config
USER 65532:65532
ENTRYPOINT ["/usr/bin/chatauth"]
