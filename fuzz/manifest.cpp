// A manifest, YAML or JSON. What is taken is written out as YAML and as JSON and means the same again; what
// is refused is called invalid and says its line.
#include "core/service/manifest.h"

#include "core/base/error.h"
#include "fuzz/claim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authctl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto json = service::manifest_json(service::parse_manifest(text));
    const auto again = [&](const std::string& written) {
      return service::manifest_json(service::parse_manifest(written)) == json;
    };
    fuzz::claim(again(service::manifest_yaml(service::parse_manifest(text))),
                "as YAML it means something else");
    fuzz::claim(again(base::json::serialize(json)), "as JSON it means something else");
  } catch (const base::Error& error) {
    fuzz::claim(error.code() == base::ErrorCode::invalid, "a refused manifest is not called invalid");
    fuzz::claim(!error.message().empty(), "a refusal without a message");
  }
  return 0;
}
