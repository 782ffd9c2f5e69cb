// A picture as a list of boxes and words, and its rendering as SVG or PNG. Invariant: laying out is pure and
// needs nothing; cairo is opened only when a picture is rendered.
#pragma once
#include <string>
#include <vector>

namespace authctl::base {

struct Colour {
  double red = 0, green = 0, blue = 0;
};

struct Box {
  double x = 0, y = 0, width = 0, height = 0;  // points, from the upper left corner
  Colour colour = {};
};

enum class Anchor { left, middle, right };
struct Words {
  double x = 0, y = 0;  // of the base line
  std::string text;
  double size = 12;
  Colour colour = {};
  Anchor anchor = Anchor::left;
};

struct Picture {
  double width = 0, height = 0;
  std::vector<Box> boxes = {};  // drawn in their order, then the words
  std::vector<Words> words = {};
};

enum class PictureFormat { svg, png };
// Error io where cairo is not installed or fails.
std::string render(const Picture& picture, PictureFormat format);

}  // namespace authctl::base
