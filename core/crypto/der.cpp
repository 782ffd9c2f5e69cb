#include "core/crypto/der.h"

#include <algorithm>

namespace authctl::crypto {

std::optional<base::ByteView> DerReader::take(std::uint8_t tag) {
  if (!next_is(tag) || rest_.size() < 2) return std::nullopt;
  std::size_t length = rest_[1];
  std::size_t head = 2;
  if (length >= 0x80) {
    const std::size_t count = length & 0x7f;
    if (count == 0 || count > 3 || rest_.size() < 2 + count) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < count; ++i) length = length << 8 | rest_[2 + i];
    if (length < 0x80 || (count > 1 && rest_[2] == 0)) return std::nullopt;  // a shorter spelling exists
    head += count;
  }
  if (rest_.size() - head < length) return std::nullopt;
  const auto content = rest_.subspan(head, length);
  rest_ = rest_.subspan(head + length);
  return content;
}

std::optional<base::ByteView> DerReader::take_number() {
  auto content = take(der::integer);
  if (!content || content->empty() || (content->front() & 0x80)) return std::nullopt;
  if (content->front() != 0) return content;
  content = content->subspan(1);
  if (!content->empty() && !(content->front() & 0x80)) return std::nullopt;
  return content;
}

std::optional<base::ByteView> DerReader::take_bits() {
  const auto content = take(der::bit_string);
  if (!content || content->empty() || content->front() != 0) return std::nullopt;
  return content->subspan(1);
}

base::Secret der_element(std::uint8_t tag, base::ByteView content) {
  const std::size_t size = content.size();
  base::Bytes head{tag};
  if (size < 0x80) {
    head.push_back(static_cast<std::uint8_t>(size));
  } else {
    const int count = size > 0xffff ? 3 : size > 0xff ? 2 : 1;
    head.push_back(static_cast<std::uint8_t>(0x80 | count));
    for (int i = count - 1; i >= 0; --i) head.push_back(static_cast<std::uint8_t>(size >> (8 * i)));
  }
  auto element = base::Secret::zeroed(head.size() + size);
  std::copy(head.begin(), head.end(), element.writable().begin());
  std::copy(content.begin(), content.end(),
            element.writable().begin() + static_cast<std::ptrdiff_t>(head.size()));
  return element;
}

namespace {
base::Secret behind_zero(base::ByteView content) {
  auto padded = base::Secret::zeroed(content.size() + 1);
  std::copy(content.begin(), content.end(), padded.writable().begin() + 1);
  return padded;
}
}  // namespace

base::Secret der_number(base::ByteView magnitude) {
  while (!magnitude.empty() && magnitude.front() == 0) magnitude = magnitude.subspan(1);
  if (!magnitude.empty() && !(magnitude.front() & 0x80)) return der_element(der::integer, magnitude);
  return der_element(der::integer, behind_zero(magnitude).reveal());
}

base::Secret der_bits(base::ByteView content) {
  return der_element(der::bit_string, behind_zero(content).reveal());
}

base::Secret der_join(std::initializer_list<const base::Secret*> elements) {
  std::size_t size = 0;
  for (const auto* element : elements) size += element->size();
  auto joined = base::Secret::zeroed(size);
  auto at = joined.writable().begin();
  for (const auto* element : elements) at = std::copy(element->reveal().begin(), element->reveal().end(), at);
  return joined;
}

}  // namespace authctl::crypto
