#ifndef CHANCERY_POLICY_LINTS_TESTING_DER_EDITS_H_
#define CHANCERY_POLICY_LINTS_TESTING_DER_EDITS_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "policy/lints/testing/der_tree.h"

namespace chancery::policy::lints::testing {

using DerEdit = std::function<void(DerTree&)>;

// What `Recipe`, which derives from this, does to the DER that it has made, in
// the order in which these are called. Each returns a changed copy.
template <typename Recipe>
class DerEdits {
 public:
  Recipe Edit(DerEdit edit) const {
    Recipe copy = static_cast<const Recipe&>(*this);
    static_cast<DerEdits&>(copy).edits_.push_back(std::move(edit));
    return copy;
  }
  Recipe Put(const Path& path, const std::string& element) const {
    return Edit([=](DerTree& tree) { tree.Put(path, element); });
  }
  Recipe Insert(const Path& path, const std::string& element) const {
    return Edit([=](DerTree& tree) { tree.Insert(path, element); });
  }
  Recipe Append(const Path& path, const std::string& element) const {
    return Edit([=](DerTree& tree) { tree.Append(path, element); });
  }
  Recipe Erase(const Path& path) const {
    return Edit([=](DerTree& tree) { tree.Erase(path); });
  }

 protected:
  std::string Edited(const std::string& der) const {
    if (edits_.empty()) return der;
    DerTree tree(base::AsBytes(der));
    for (const DerEdit& edit : edits_) edit(tree);
    return tree.Encode();
  }

 private:
  std::vector<DerEdit> edits_;
};

}  // namespace chancery::policy::lints::testing

#endif  // CHANCERY_POLICY_LINTS_TESTING_DER_EDITS_H_
