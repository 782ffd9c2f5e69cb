// A file of users from another system: whatever comes out of it is what `user create` would have taken, and
// everything else is a problem with its line, never an accident.
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/credential/imported_code.h"
#include "core/credential/totp.h"
#include "core/credential/username.h"
#include "core/crypto/password_hash.h"
#include "core/service/import_stream.h"
#include "fuzz/claim.h"

namespace {

using namespace authctl;

class Bytes final : public base::ByteSource {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  std::size_t read(std::span<char> out) override {
    const auto count = bytes_.copy(out.data(), out.size());
    bytes_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view bytes_;
};

void judge(const service::ImportEntry& entry) {
  fuzz::claim(entry.line > 0, "an entry of no line");
  if (!entry.is_user) return fuzz::claim(!entry.message.empty(), "a problem without a word");
  fuzz::claim(credential::Username::parse(entry.name).text() == entry.name, "a name that is none");
  if (!entry.email.empty())
    fuzz::claim(credential::EmailAddress::parse(entry.email).folded() == entry.folded_email,
                "an address that is none");
  if (!entry.hash.empty())
    fuzz::claim(crypto::parse_password_hash(entry.hash).scheme == entry.scheme, "a hash of another scheme");
  if (!entry.totp.empty()) credential::parse_otpauth(entry.totp);
  std::size_t codes = 0;
  for (auto rest = entry.codes; !rest.empty(); ++codes) {
    const auto code = rest.substr(0, rest.find('\n'));
    fuzz::claim(credential::parse_imported_code(code).text == code, "a backup code that is none");
    rest.remove_prefix(code.size() + 1);
  }
  fuzz::claim(codes == entry.code_count, "backup codes that were miscounted");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Bytes source({reinterpret_cast<const char*>(data) + 1, size - 1});
  service::ImportStreamOptions options;
  options.format = data[0] % 2 == 0 ? service::ImportFormat::csv : service::ImportFormat::json_lines;
  std::uint64_t last = 0;
  try {
    service::read_import(source, options, [&](const std::string& packed) {
      std::string_view block = packed;
      for (service::ImportEntry entry; service::take_entry(block, entry);) {
        judge(entry);
        fuzz::claim(entry.line >= last, "an entry out of its place");
        last = entry.line;
      }
    });
  } catch (const base::Error& error) {
    fuzz::claim(!error.message().empty(), "a refusal without a word");
  }
  return 0;
}
