#include "commands/incident.h"
#include "core/base/text.h"
#include "core/service/triage.h"

namespace authctl::commands {
namespace {

constexpr Field place_fields[] = {
    {"offset", FieldType::integer, false, "of its first byte, from 0", "byte"},
    {"line", FieldType::integer, false, "from 1", "line"},
    {"form", FieldType::text, false, "plain, folded, escaped or base64", "form"},
};
constexpr Shape place_shape{"place", "", place_fields};

constexpr Field leak_fields[] = {
    {"kind", FieldType::text, false,
     "jwt, fernet_token, fernet_key, client_secret, refresh_token, mfa_token, reset_token, backup_code, "
     "private_key or private_jwk",
     "kind"},
    {"works", FieldType::boolean, true, "whether it still works here; null: it cannot be told", "works"},
    {"reason", FieldType::text, true, "why it does not work or cannot be told, one word", "reason"},
    {"name", FieldType::text, true, "the first 8 of a jti or thumbprint, or the id of a session or client",
     ""},
    {"fingerprint", FieldType::text, false, "the first 16 hex digits of its SHA-256", "fingerprint"},
    {"user", FieldType::text, true, "whose it is", "user"},
    {"client", FieldType::text, true, "which client it was issued to, or whose it is", "client"},
    {"kid", FieldType::text, true, "the key that signed or opens it, or that it is", ""},
    {"issued_at", FieldType::time, true, "since when it has been there", "since"},
    {"expires_at", FieldType::time, true, "when it ends by itself", ""},
    {"count", FieldType::integer, false, "how often it stands there", "count"},
    {"places", FieldType::objects, false, "the first three", "", &place_shape},
    {"revoked", FieldType::boolean, false, "whether this run ended it", ""},
    {"hint", FieldType::text, true, "what to type about it", ""},
};
constexpr Shape leak_shape{"incident triage", "fingerprint", leak_fields};

struct Request {
  std::string file;
  bool revoke = false;
};

std::unique_ptr<base::ByteSource> source_of(Invocation& in, const std::string& file) {
  if (file == "-") return std::make_unique<base::StreamSource>(in.standard_input());
  return std::make_unique<base::FileSource>(file);
}

Output run(Invocation& in, const Request& request) {
  if (request.revoke)
    in.confirm("end everything in " + (request.file == "-" ? "standard input" : base::quote(request.file)) +
               " that still works?");
  auto& realm = in.realm();
  const auto source = source_of(in, request.file);
  service::TriageRequest triage;
  triage.idle = in.stored_settings().duration("session_idle");
  triage.progress = [&in](std::uint64_t done, std::uint64_t total) {
    in.progress("MiB read", done >> 20, total >> 20);
  };
  triage.interrupted = [&in] { return in.interrupted(); };
  auto report = service::triage(realm, *source, triage);
  if (request.revoke) service::revoke_leaks(realm, in.cause(), report);
  base::json::array rows;
  for (const auto& finding : report.findings)
    if (!in.globals().quiet || finding.lives()) rows.push_back(service::leak_json(finding));
  auto output = Output::many(leak_shape, std::move(rows)).with_view(service::draw_triage(report));
  for (const auto& notice : report.notices) output.with_notice(notice);
  return output;
}

}  // namespace

void declare_incident_triage(Noun& noun) {
  auto request = std::make_shared<Request>();
  auto& verb = noun.verb(
      "triage", "Find secrets in a dump, say which still work, and end them", &leak_shape,
      {.examples = {"authctl incident triage access.log",
                    "authctl incident triage --revoke --reason 'leaked log' access.log",
                    "zcat dump.gz | authctl incident triage - --json"},
       .exits = {{3, "there is no such file"}},
       .more =
           "Reads text or binary of any size once and finds JWTs, Fernet tokens and keys, client secrets, "
           "refresh, reset and second-factor tokens, backup codes, and private keys as PEM or JWK; also "
           "folded at any width, quoted, with escapes of URLs, JSON, C, HTML or mail, as UTF-16, and within "
           "base64. A secret is listed once, with the first places and a count, and never shown: its "
           "fingerprint is the beginning of its SHA-256. A token works where its signature, its times and "
           "the store say so, whatever its issuer and audience; a Fernet token works where a key that is not "
           "revoked opens it; a private key works where it is one of the store's that still verifies. "
           "--revoke ends tokens by their jti, sessions with their refresh tokens, a client's secret with "
           "its live tokens (another secret of the same client goes on), resets, challenges and backup "
           "codes. Keys, and what only a key can end, are left to the command that the hint names. Quiet, "
           "it prints the fingerprints of what still works, and nothing where nothing does."},
      [request](Invocation& in) { return run(in, *request); });
  verb.add_option("FILE", request->file, "the dump; - is standard input")->required();
  verb.add_flag("--revoke", request->revoke, "end what still works; asks");
}

}  // namespace authctl::commands
