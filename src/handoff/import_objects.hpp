// Before an import is called: whether what lies in the bucket is what the manifests vouch for.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <imgport/progress.hpp>

#include "cloud/object_store.hpp"
#include "handoff/import_request.hpp"

namespace imgport {

// What the store says of an object.
using LookAtObject =
    std::function<StoreResult<std::optional<ObjectInfo>>(const std::string &bucket, const std::string &key)>;

// The upload's receipt is believed; where there is none the object is looked at. What can be looked at neither way is a
// note: the cloud finds a missing object itself.
Result<void> confirm_objects(const ImportToCall &call, const LookAtObject &look, ProgressSink &progress);

}  // namespace imgport
