// The head of a request from a stranger: it has one reading, whatever part of it has come so far, and what is
// accepted holds nothing that another parser could read differently.
#include "core/server/head.h"
#include "fuzz/claim.h"

namespace {

using namespace authctl;
using State = server::HeadScan::State;

bool lies_in(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void judge(const server::Head& head, std::string_view bytes) {
  fuzz::claim(!head.method.empty() && !head.target.empty(), "a request line without a method or a target");
  fuzz::claim(!(head.chunked && head.content_length > 0), "two ways to tell the length of a body");
  fuzz::claim(head.content_length <= server::HeadLimits{}.body, "a body above the limit");
  fuzz::claim(head.field_count <= server::most_fields, "too many fields");
  fuzz::claim((lies_in(head.path, bytes) || head.path == "/") && lies_in(head.query, bytes),
              "a target that is not in the head");
  for (std::size_t i = 0; i < head.field_count; ++i) {
    const auto& field = head.fields[i];
    fuzz::claim(!field.name.empty() && lies_in(field.name, bytes) && lies_in(field.value, bytes),
                "a field of nowhere");
    fuzz::claim(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
                "a line end in a field");
    fuzz::claim(field.name.find_first_of(" \t:\r\n") == std::string_view::npos, "a name that is none");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  server::Head head;
  const auto whole = server::scan_head(bytes, head);
  if (whole.state == State::complete) {
    fuzz::claim(whole.size > 0 && whole.size <= size, "a head that is longer than what came");
    judge(head, bytes.substr(0, whole.size));
  }
  if (whole.state == State::refused)
    fuzz::claim(whole.status >= 400 && whole.status < 600, "a refusal without a status");
  // What has come so far decides nothing that the rest could turn around.
  for (std::size_t part = 0; part < size; part += 1 + part / 8) {
    server::Head early;
    const auto scan = server::scan_head(bytes.substr(0, part), early);
    if (scan.state == State::complete)
      fuzz::claim(whole.state == State::complete && scan.size == whole.size, "a head ended earlier");
    if (whole.state == State::complete && part >= whole.size)
      fuzz::claim(scan.state == State::complete, "a head that was whole is none");
    if (scan.state == State::refused) fuzz::claim(whole.state == State::refused, "a refusal was taken back");
  }
  return 0;
}
