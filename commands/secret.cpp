#include "commands/secret_file.h"
#include "core/base/error.h"
#include "core/service/secret_rendering.h"

namespace authctl::commands {
namespace {

constexpr Field fields[] = {{"text", FieldType::text, false, "what the other store reads", ""}};
constexpr Shape shape{"secret render", "", fields};

struct Options {
  service::SecretRequest request;
  std::string format;
  SecretFile out;
};

Output render(Invocation& in, Options options) {
  const auto format = service::parse_secret_format(options.format);
  if (!format)
    throw base::Error(base::ErrorCode::usage, "--format is dotenv, k8s, vault or aws",
                      "authctl help secret render");
  options.request.format = *format;
  options.out.prepare(in);
  const auto text = service::render_secrets(in.realm(), in.cause(), options.request);
  if (!options.out.given())
    return Output::bytes(std::string(text.reveal_text()), shape, {{"text", text.reveal_text()}});
  if (!in.dry_run()) options.out.write(text.reveal_text());
  return Output::nothing().with_notice(options.out.notice(in.dry_run(), "the secrets"));
}

}  // namespace

void declare_secret(Noun& noun) {
  auto options = std::make_shared<Options>();
  auto& verb = noun.verb("render", "Print the private keys as another secrets store takes them", &shape,
                         {.examples = {"authctl secret render --format dotenv --out authctl.env",
                                       "authctl secret render --format k8s | kubectl apply -f -",
                                       "authctl secret render --format vault | vault kv put secret/authctl -",
                                       "authctl secret render --format aws --use fernet --out secret.json"},
                          .exits = {{3, "there is no key"}, {5, "the file exists"}},
                          .more = "AUTHCTL_JWT_JWKS is a JWK set with private members, AUTHCTL_FERNET_KEYS "
                                  "the Fernet keys apart by commas, "
                                  "the one that encrypts first. For AWS: aws secretsmanager create-secret "
                                  "--cli-input-json file://secret.json"},
                         [options](Invocation& in) { return render(in, *options); });
  offer(verb.add_option("--format", options->format, "dotenv, k8s, vault or aws")
            ->required()
            ->type_name("FORMAT"),
        {"dotenv", "k8s", "vault", "aws"});
  offer(verb.add_option_function<std::string>(
                "--use",
                [options](const std::string& word) {
                  options->request.use = store::parse_key_use(word);
                  if (!options->request.use) throw CLI::ValidationError("--use", "is jwt or fernet");
                },
                "only the keys of this use: jwt or fernet")
            ->type_name("USE"),
        {"jwt", "fernet"});
  verb.add_option("--name", options->request.name, "of the secret in its new home (k8s, aws)")
      ->type_name("NAME");
  add_secret_file(verb, options->out, "the secrets");
}

}  // namespace authctl::commands
