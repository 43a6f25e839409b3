// A cluster's folder while `chancery init` fills it.
//
// The file init.partial marks it from the first change on; cluster.json is the
// commit point. A crash before it leaves the mark, and the next init clears
// away what the crashed one made; a crash after it leaves a whole cluster.
// Nothing that lay in the folder before is ever touched.
#ifndef CHANCERY_TOOLS_CHANCERY_INIT_NEW_FOLDER_H_
#define CHANCERY_TOOLS_CHANCERY_INIT_NEW_FOLDER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "tools/chancery/init/layout.h"

namespace chancery::cli {

// One init at a time; another is refused until this is gone.
class NewFolder {
 public:
  // Makes the folder, if it is missing, and those below it that init fills.
  // AlreadyExists: it holds a cluster, or something of init's names that no
  //   interrupted init left.
  // FailedPrecondition: another init is at work in it.
  static absl::StatusOr<NewFolder> Begin(const Layout& layout);

  // Unless committed, removes all that init made.
  ~NewFolder();
  NewFolder(NewFolder&& other) noexcept;
  NewFolder& operator=(NewFolder&&) = delete;

  // Whether an interrupted init's remains were cleared away.
  bool cleared() const { return cleared_; }

  // Writes cluster.json: from here on there is a cluster.
  absl::Status Commit(base::Bytes cluster_file);

 private:
  NewFolder(const Layout& layout, int mark, bool cleared, bool fresh)
      : layout_(layout), mark_(mark), cleared_(cleared), fresh_(fresh) {}

  Layout layout_;
  int mark_;  // Holds the lock; -1: moved from.
  bool cleared_;
  bool fresh_;  // The folder itself is of our making.
  bool committed_ = false;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_INIT_NEW_FOLDER_H_
