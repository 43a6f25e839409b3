#include "policy/lints/testing/der_tree.h"

#include "base/encoding.h"
#include "der/reader.h"
#include "gtest/gtest.h"

namespace chancery::policy::lints::testing {
namespace {

std::string FromHex(const std::string& hex) {
  const auto bytes = base::FromHex(hex);
  EXPECT_TRUE(bytes.has_value()) << hex;
  return bytes.value_or("");
}

std::string Length(size_t size) {
  if (size < 0x80) return std::string(1, static_cast<char>(size));
  std::string octets;
  for (; size != 0; size >>= 8) {
    octets.insert(octets.begin(), static_cast<char>(size & 0xff));
  }
  return static_cast<char>(0x80 | octets.size()) + octets;
}

Path Parent(const Path& path) { return {path.begin(), path.end() - 1}; }

}  // namespace

DerTree::DerTree(base::Bytes der) {
  der::Reader in(der);
  der::Tag tag{};
  base::Bytes contents;
  EXPECT_TRUE(in.ReadAny(tag, contents) && in.AtEnd()) << base::Hex(der);
  tag_ = static_cast<uint8_t>(tag);
  contents_ = base::ToString(contents);
  if ((tag_ & 0x20) != 0) ReadChildren();
}

void DerTree::ReadChildren() {
  nested_ = true;
  der::Reader in(base::AsBytes(contents_));
  while (!in.AtEnd()) {
    der::Tag tag{};
    base::Bytes element;
    ASSERT_TRUE(in.ReadAnyElement(tag, element));
    children_.emplace_back(element);
  }
}

std::string DerTree::Encode() const {
  std::string inside = nested_ ? "" : contents_;
  for (const DerTree& child : children_) inside += child.Encode();
  return static_cast<char>(tag_) + Length(inside.size()) + inside;
}

DerTree& DerTree::At(const Path& path) {
  DerTree* node = this;
  for (const size_t position : path) {
    if (!node->nested_) node->ReadChildren();
    EXPECT_LT(position, node->children_.size());
    node = &node->children_.at(position);
  }
  return *node;
}

void DerTree::Put(const Path& path, const std::string& element) {
  const std::string der = FromHex(element);
  At(path) = DerTree(base::AsBytes(der));
}

void DerTree::Insert(const Path& path, const std::string& element) {
  const std::string der = FromHex(element);
  auto& siblings = At(Parent(path)).children_;
  siblings.insert(siblings.begin() + static_cast<ptrdiff_t>(path.back()),
                  DerTree(base::AsBytes(der)));
}

void DerTree::Append(const Path& path, const std::string& element) {
  const std::string der = FromHex(element);
  DerTree& node = At(path);
  if (!node.nested_) node.ReadChildren();
  node.children_.emplace_back(base::AsBytes(der));
}

void DerTree::Erase(const Path& path) {
  auto& siblings = At(Parent(path)).children_;
  siblings.erase(siblings.begin() + static_cast<ptrdiff_t>(path.back()));
}

size_t DerTree::ChildWithOid(const Path& path, const std::string& oid) {
  const std::string contents = FromHex(oid);
  const auto& children = At(path).children_;
  for (size_t i = 0; i < children.size(); ++i) {
    if (!children[i].children_.empty() &&
        children[i].children_[0].contents_ == contents) {
      return i;
    }
  }
  ADD_FAILURE() << "no child has the OID " << oid;
  return 0;
}

std::string Element(uint8_t tag, const std::string& contents) {
  return TextElement(tag, FromHex(contents));
}

std::string ExtensionElement(const std::string& oid, const std::string& value,
                             bool critical) {
  return Element(0x30, Element(0x06, oid) + (critical ? "0101ff" : "") +
                           Element(0x04, value));
}

std::string TextElement(uint8_t tag, const std::string& text) {
  const std::string element =
      static_cast<char>(tag) + Length(text.size()) + text;
  return base::Hex(base::AsBytes(element));
}

}  // namespace chancery::policy::lints::testing
