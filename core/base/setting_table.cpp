// Every setting there is: its name in the file, its variable, its type, its default, and what it is for.
#include <array>

#include "core/base/config.h"

namespace authctl::base {
namespace {

using enum SettingType;

constexpr std::array table{
    SettingSpec{"store", "AUTHCTL_STORE", text, "", "the store: sqlite:PATH or postgresql://…", true},
    SettingSpec{"master_key_file", "AUTHCTL_MASTER_KEY_FILE", text, "",
                "file with the master key: 32 bytes, base64url"},
    SettingSpec{"master_key_command", "AUTHCTL_MASTER_KEY_COMMAND", text, "",
                "program whose standard output is the master key; run without a shell"},
    SettingSpec{"output", "AUTHCTL_OUTPUT", text, "table", "how results are printed", false,
                "table json jsonl"},
    SettingSpec{"color", "", text, "auto", "colour on a terminal (also NO_COLOR, CLICOLOR_FORCE)", false,
                "auto always never"},
    SettingSpec{"issuer", "AUTHCTL_ISSUER", text, "https://localhost:8443", "iss of tokens made here"},
    SettingSpec{"audience", "AUTHCTL_AUDIENCE", text, "",
                "aud of tokens made here; the issuer where it is not set"},
    SettingSpec{"access_ttl", "AUTHCTL_ACCESS_TTL", lifetime, "15m", "how long an access token lives"},
    SettingSpec{"refresh_ttl", "AUTHCTL_REFRESH_TTL", lifetime, "7d", "how long a remembered session lives"},
    SettingSpec{"session_idle", "AUTHCTL_SESSION_IDLE", lifetime, "30m",
                "a session unused for this long ends"},
    SettingSpec{"session_max", "AUTHCTL_SESSION_MAX", lifetime, "8h",
                "a session ends after this in any case"},
    SettingSpec{"jwks_max_age", "AUTHCTL_JWKS_MAX_AGE", duration, "15m",
                "how long others may keep our key set; a new key waits this long before it signs"},
    SettingSpec{"registration", "AUTHCTL_REGISTRATION", boolean, "off",
                "whether people may register themselves"},
    SettingSpec{"cors_origins", "AUTHCTL_CORS_ORIGINS", list, "", "origins that browsers may call from"},
    SettingSpec{"limit_login", "AUTHCTL_LIMIT_LOGIN", limit, "5/1m", "sign-ins of one address"},
    SettingSpec{"limit_register", "AUTHCTL_LIMIT_REGISTER", limit, "3/1h", "registrations of one address"},
    SettingSpec{"limit_reset", "AUTHCTL_LIMIT_RESET", limit, "3/1h", "password resets of one address"},
    SettingSpec{"limit_refresh", "AUTHCTL_LIMIT_REFRESH", limit, "10/1m", "refreshes of one session"},
    SettingSpec{"limit_mfa", "AUTHCTL_LIMIT_MFA", limit, "5/1m", "second-factor attempts of one sign-in"},
    SettingSpec{"limits", "AUTHCTL_LIMITS", text, "",
                "where limits are counted: redis://…; the store where it is not set", true},
    SettingSpec{"lockout_threshold", "AUTHCTL_LOCKOUT_THRESHOLD", integer, "3",
                "failures before the first delay"},
    SettingSpec{"lockout_base", "AUTHCTL_LOCKOUT_BASE", duration, "1s",
                "the first delay; it doubles with each failure"},
    SettingSpec{"lockout_max", "AUTHCTL_LOCKOUT_MAX", duration, "15m", "the longest delay"},
    SettingSpec{"auth_log", "AUTHCTL_AUTH_LOG", text, "",
                "file for a line of each refused sign-in, with whole addresses (fail2ban)"},
    SettingSpec{"password_min", "AUTHCTL_PASSWORD_MIN", integer, "8",
                "shortest password with a second factor"},
    SettingSpec{"password_min_single", "AUTHCTL_PASSWORD_MIN_SINGLE", integer, "15",
                "shortest password without a second factor"},
    SettingSpec{"password_classes", "AUTHCTL_PASSWORD_CLASSES", boolean, "off",
                "whether a password needs lower case, upper case and a digit"},
    SettingSpec{"password_words", "AUTHCTL_PASSWORD_WORDS", list, "",
                "names that make no password: of your company, its products"},
    SettingSpec{"password_memory_kib", "AUTHCTL_PASSWORD_MEMORY_KIB", integer, "65536",
                "memory that hashing a password takes (Argon2id)"},
    SettingSpec{"password_passes", "AUTHCTL_PASSWORD_PASSES", integer, "3",
                "passes that hashing a password makes over it"},
    SettingSpec{"mail_command", "AUTHCTL_MAIL_COMMAND", text, "",
                "program that is handed reset mails as JSON"},
    SettingSpec{"alert_command", "AUTHCTL_ALERT_COMMAND", text, "", "program that is handed alerts as JSON"},
    SettingSpec{"audit_checks", "AUTHCTL_AUDIT_CHECKS", text, "off", "which permission checks are audited",
                false, "off denied all"},
    SettingSpec{"timeout_head", "AUTHCTL_TIMEOUT_HEAD", lifetime, "10s",
                "how long a client may take for a handshake, and for the head of a request"},
    SettingSpec{"timeout_body", "AUTHCTL_TIMEOUT_BODY", lifetime, "20s",
                "how long a client may take for the body of a request"},
    SettingSpec{"timeout_idle", "AUTHCTL_TIMEOUT_IDLE", lifetime, "75s",
                "how long a connection may stay open between requests"},
    SettingSpec{"timeout_write", "AUTHCTL_TIMEOUT_WRITE", lifetime, "30s",
                "how long a client may take to read an answer"},
    SettingSpec{"limit_connections", "AUTHCTL_LIMIT_CONNECTIONS", integer, "512",
                "connections that one address may have open (an IPv6 /64; not counted for loopback)"},
};

}  // namespace

std::span<const SettingSpec> setting_specs() { return table; }

}  // namespace authctl::base
