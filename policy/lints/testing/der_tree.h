// DER as a tree, to damage what OpenSSL made: lengths are computed anew.
#ifndef CHANCERY_POLICY_LINTS_TESTING_DER_TREE_H_
#define CHANCERY_POLICY_LINTS_TESTING_DER_TREE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace chancery::policy::lints::testing {

using Path = std::vector<size_t>;

class DerTree {
 public:
  // One element; a test failure if it is none.
  explicit DerTree(base::Bytes der);

  std::string Encode() const;

  // The node that `path` leads to: a position among the children each. What
  // OCTET STRINGs wrap counts as their children. A test failure if there is
  // none.
  DerTree& At(const Path& path);

  // Each takes an element, in hexadecimal: in place of the node, before it, or
  // after the last child of the node.
  void Put(const Path& path, const std::string& element);
  void Insert(const Path& path, const std::string& element);
  void Append(const Path& path, const std::string& element);
  void Erase(const Path& path);

  // The position of the child that holds the OID (in hexadecimal, contents)
  // as its own first child: an extension, an attribute.
  size_t ChildWithOid(const Path& path, const std::string& oid);

 private:
  void ReadChildren();

  uint8_t tag_ = 0;
  std::string contents_;
  std::vector<DerTree> children_;
  bool nested_ = false;
};

// An element, in hexadecimal, of a tag and contents in hexadecimal.
std::string Element(uint8_t tag, const std::string& contents);
// An Extension of an OID's contents and of a value, all in hexadecimal.
std::string ExtensionElement(const std::string& oid, const std::string& value,
                             bool critical = false);
// An element, in hexadecimal, of a tag and contents that are text.
std::string TextElement(uint8_t tag, const std::string& text);

}  // namespace chancery::policy::lints::testing

#endif  // CHANCERY_POLICY_LINTS_TESTING_DER_TREE_H_
