#include <array>

#include "commands/command.h"

namespace authctl::commands {

void declare_adopt(Noun& noun);
void declare_apply(Noun& noun);
void declare_audit(Noun& noun);
void declare_backup(Noun& noun);
void declare_backup_code(Noun& noun);
void declare_client(Noun& noun);
void declare_completion(Noun& noun);
void declare_config(Noun& noun);
void declare_diff(Noun& noun);
void declare_doctor(Noun& noun);
void declare_export(Noun& noun);
void declare_fernet(Noun& noun);
void declare_incident(Noun& noun);
void declare_init(Noun& noun);
void declare_schema(Noun& noun);
void declare_session(Noun& noun);
void declare_secret(Noun& noun);
void declare_serve(Noun& noun);
void declare_permission(Noun& noun);
void declare_role(Noun& noun);
void declare_key(Noun& noun);
void declare_lockout(Noun& noun);
void declare_master_key(Noun& noun);
void declare_token(Noun& noun);
void declare_password(Noun& noun);
void declare_totp(Noun& noun);
void declare_user(Noun& noun);
void declare_store(Noun& noun);
void declare_version(Noun& noun);

namespace {
constexpr std::array table{
    NounEntry{"init", "Make a store, its master key and the first keys", declare_init},
    NounEntry{"key", "Signing and encryption keys", declare_key},
    NounEntry{"token", "Tokens: issue, verify, revoke", declare_token},
    NounEntry{"audit", "Who did what, and proof that nobody touched it", declare_audit},
    NounEntry{"master-key", "The key that opens the store: replace it, check what it opens",
              declare_master_key},
    NounEntry{"fernet", "Encrypt, decrypt and re-encrypt Fernet tokens", declare_fernet},
    NounEntry{"serve", "The auth server", declare_serve},
    NounEntry{"secret", "Keys in the form of other secrets stores", declare_secret},
    NounEntry{"user", "People and their accounts", declare_user},
    NounEntry{"client", "Programs that ask for tokens: API and OAuth 2.0 clients", declare_client},
    NounEntry{"session", "Who is signed in, from where; ending sessions", declare_session},
    NounEntry{"apply", "Make the store as a manifest says", declare_apply},
    NounEntry{"diff", "What apply would change, and what was changed by hand", declare_diff},
    NounEntry{"export", "The store as a manifest", declare_export},
    NounEntry{"adopt", "Make a thing one of the manifest's", declare_adopt},
    NounEntry{"doctor", "Is everything kept as it should be? What to do where it is not", declare_doctor},
    NounEntry{"password", "Hash, verify and judge passwords, with no store", declare_password},
    NounEntry{"totp", "One-time codes (RFC 6238)", declare_totp},
    NounEntry{"backup-code", "Codes for when the phone is not there", declare_backup_code},
    NounEntry{"lockout", "Who guessed, and who has to wait for it", declare_lockout},
    NounEntry{"incident", "When something leaked: find it, contain it, prove what happened",
              declare_incident},
    NounEntry{"store", "The store itself: schema, copies, checks", declare_store},
    NounEntry{"backup", "Backups: make, verify, restore", declare_backup},
    NounEntry{"config", "Settings and where they come from", declare_config},
    NounEntry{"completion", "Completion for bash, zsh and fish", declare_completion},
    NounEntry{"schema", "JSON Schema of what commands print", declare_schema},
    NounEntry{"role", "Roles, what they may do and who has them", declare_role},
    NounEntry{"permission", "Who may do what, and why", declare_permission},
    NounEntry{"version", "Version, build and libraries", declare_version},
};
}  // namespace

std::span<const NounEntry> nouns() { return table; }

}  // namespace authctl::commands
