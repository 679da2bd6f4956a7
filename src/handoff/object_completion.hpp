// The end of an upload: the parts become an object, which is then looked at.
#pragma once

#include <string>
#include <vector>

#include <imgport/receipt.hpp>

#include "handoff/object_destination.hpp"
#include "handoff/object_proof.hpp"
#include "handoff/upload_ids.hpp"

namespace imgport {

// Both `upload` and `prepare` have it.
inline constexpr const char *replace_object_hint = "--overwrite-object replaces it";

// The object is there afterwards, and by what the store tells is the one that is expected (`expected.etag` is filled
// in); or the failure says why not. `name`: "oss://BUCKET/KEY".
StoreResult<ObjectInfo> complete_object(const StoreCaller &caller, ObjectStore &store, const std::string &name,
                                        const std::string &key, const std::string &upload,
                                        const std::vector<PartInfo> &parts, ExpectedObject &expected,
                                        bool forbid_overwrite);

// `parts_compared`: every part was held against the store's checksum when it arrived.
UploadReceipt make_upload_receipt(const ObjectDestination &destination, const ObjectInfo &object,
                                  const ExpectedObject &expected, const std::string &sha256, bool parts_compared);

}  // namespace imgport
