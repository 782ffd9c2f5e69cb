// Servers that run on this machine, as the kernel shows them: what they were started with.
#include <algorithm>
#include <filesystem>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/url.h"
#include "core/crypto/certificate.h"
#include "core/service/checkup_checks.h"

namespace authctl::service {
namespace {
namespace fs = std::filesystem;

constexpr std::size_t longest = 1 << 20;
constexpr auto soon = std::chrono::hours(24 * 30), very_soon = std::chrono::hours(24 * 7);

struct Server {
  std::string pid, folder;
  std::vector<std::string> words, variables;

  bool has(std::string_view flag) const { return std::find(words.begin(), words.end(), flag) != words.end(); }
  // Of `--flag VALUE` and `--flag=VALUE`, each time it stands there.
  std::vector<std::string> values(const std::string& flag) const {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == flag && i + 1 < words.size()) values.push_back(words[i + 1]);
      if (words[i].starts_with(flag + "=")) values.push_back(words[i].substr(flag.size() + 1));
    }
    return values;
  }
};

std::vector<std::string> split_zeros(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start < text.size();) {
    const auto end = std::min(text.find('\0', start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

// Empty where it cannot be read: another's process, or one that has ended meanwhile.
std::string read_or_empty(const fs::path& path) {
  try {
    return base::read_file(path.string(), longest);
  } catch (const base::Error&) {
    return {};
  }
}

std::vector<Server> servers(const Patient& patient) {
  std::vector<Server> found;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(patient.request.proc, failed)) {
    const auto pid = entry.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    auto words = split_zeros(read_or_empty(entry.path() / "cmdline"));
    if (words.empty() || fs::path(words[0]).filename() != "authctl") continue;
    if (std::find(words.begin(), words.end(), "serve") == words.end()) continue;
    found.push_back({pid, (entry.path() / "cwd").string(), std::move(words),
                     split_zeros(read_or_empty(entry.path() / "environ"))});
  }
  return found;
}

const char* const none = "no server runs here that this user may look at";

std::string of(const Server& server) { return "the server with pid " + server.pid; }

bool is_loopback(const std::string& place) {
  return place.starts_with("127.") || place.starts_with("localhost") || place.starts_with("[::1]");
}

bool names_secret(std::string_view name) {
  const auto folded = base::fold_ascii(name);
  if (folded.ends_with("_file") || folded.ends_with("_command")) return false;
  if (folded.starts_with("authctl_password_")) return false;  // settings of the policy
  for (const char* word : {"password", "passwd", "secret", "master_key", "private_key", "api_key"}) {
    if (folded.find(word) != folded.npos) return true;
  }
  return false;
}

// Runs over the servers; the first complaint is the answer.
template <class Judge>
Judgement judge_each(const Patient& patient, std::string when_well, Judge judge) {
  const auto all = servers(patient);
  if (all.empty()) return skipped(none);
  for (const auto& server : all) {
    if (auto complaint = judge(server)) return *complaint;
  }
  return well(std::move(when_well));
}

template <class Judge>
Judgement judge_certificates(const Patient& patient, std::string when_well, Judge judge) {
  bool any = false;
  auto result = judge_each(patient, std::move(when_well), [&](const Server& server) {
    std::optional<Judgement> complaint;
    for (const auto& file : server.values("--tls-cert")) {
      any = true;
      const auto text = read_or_empty(fs::path(server.folder) / file);
      const auto certificate = crypto::Certificate::from_pem(text);
      complaint = certificate
                      ? judge(*certificate, file)
                      : std::optional(warning("the certificate " + base::quote(file) + " cannot be read",
                                              "openssl x509 -noout -text -in FILE"));
      if (complaint) break;
    }
    return complaint;
  });
  if (!any && result.severity == Severity::ok) return skipped("no server here has a certificate");
  return result;
}

}  // namespace

Judgement check_server_development(const Patient& patient) {
  return judge_each(patient, "no server runs with --dev",
                    [](const Server& server) -> std::optional<Judgement> {
                      if (!server.has("--dev")) return std::nullopt;
                      return failing(of(server) + " runs with --dev: a certificate that nobody can check",
                                     "start it with --tls-cert FILE --tls-key FILE");
                    });
}

Judgement check_server_proxies(const Patient& patient) {
  return judge_each(patient, "only proxies that are named are believed",
                    [](const Server& server) -> std::optional<Judgement> {
                      for (const auto& range : server.values("--behind-proxy")) {
                        if (range.ends_with("/0"))
                          return failing(of(server) + " believes anybody's X-Forwarded-For (" +
                                             base::printable(range) + ")",
                                         "name the proxy's own address in --behind-proxy");
                      }
                      return std::nullopt;
                    });
}

Judgement check_server_plain(const Patient& patient) {
  return judge_each(patient, "no server speaks plain HTTP past this machine",
                    [](const Server& server) -> std::optional<Judgement> {
                      if (server.has("--dev") || !server.values("--tls-cert").empty()) return std::nullopt;
                      for (const auto& place : server.values("--listen")) {
                        if (!is_loopback(place))
                          return warning(
                              of(server) + " speaks plain HTTP on " + base::printable(place),
                              "give it --tls-cert and --tls-key, or let it listen on 127.0.0.1 only");
                      }
                      return std::nullopt;
                    });
}

Judgement check_server_secrets(const Patient& patient) {
  return judge_each(
      patient, "no server has a secret in its arguments or environment",
      [](const Server& server) -> std::optional<Judgement> {
        for (const auto& word : server.words) {
          if (base::holds_password(word))
            return failing(of(server) + " has a password in its arguments, where everybody can read it",
                           "put it into a file, and start the server anew");
        }
        for (const auto& variable : server.variables) {
          const auto name = variable.substr(0, variable.find('='));
          const auto held = variable.substr(std::min(variable.size(), name.size() + 1));
          if (!held.empty() && (names_secret(name) || base::holds_password(held)))
            return warning(of(server) + " has a secret in its environment: " + base::printable(name),
                           "hand it over in a file (AUTHCTL_MASTER_KEY_FILE, AUTHCTL_STORE_FILE, ~/.pgpass)");
        }
        return std::nullopt;
      });
}

Judgement check_certificate_expiry(const Patient& patient) {
  return judge_certificates(
      patient, "no certificate ends within 30 days",
      [&](const crypto::Certificate& certificate, const std::string& file) -> std::optional<Judgement> {
        const auto left = certificate.expires_at() - patient.now;
        if (left > soon) return std::nullopt;
        const auto text = left.count() <= 0
                              ? "the certificate " + base::quote(file) + " has expired"
                              : "the certificate " + base::quote(file) + " ends in " + age_text(left);
        const std::string hint = "renew it, then kill -HUP the server";
        return left <= very_soon ? failing(text, hint) : warning(text, hint);
      });
}

Judgement check_certificate_name(const Patient& patient) {
  std::string host = patient.settings().text("issuer");
  host = host.substr(host.find("://") == std::string::npos ? 0 : host.find("://") + 3);
  host =
      host.starts_with("[") ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find_first_of(":/"));
  return judge_certificates(
      patient, "every certificate has the issuer's name",
      [&](const crypto::Certificate& certificate, const std::string& file) -> std::optional<Judgement> {
        if (certificate.covers(host)) return std::nullopt;
        return failing(
            "the certificate " + base::quote(file) + " does not cover the issuer's host " + base::quote(host),
            "order one for that name, or set issuer to the name it has");
      });
}

}  // namespace authctl::service
