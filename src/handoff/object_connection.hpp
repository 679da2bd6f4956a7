// An object store and all that is needed to speak to it.
#pragma once

#include <memory>

#include <imgport/uploader.hpp>

#include "cloud/credentials.hpp"
#include "cloud/http.hpp"
#include "cloud/object_store.hpp"
#include "cloud/retry.hpp"
#include "handoff/object_destination.hpp"

namespace imgport {

struct ObjectConnection {
    std::unique_ptr<HttpTransport> http = {};
    std::unique_ptr<CredentialSource> who = {};
    std::unique_ptr<ObjectStore> store = {};
};

// Nothing is asked of the store yet. From here on this process leaves no core dump: it holds keys.
Result<ObjectConnection> connect(const ObjectDestination &destination);

RetryPolicy retry_policy(const UploadOptions &options);
// Of a first request, where a mistake in the address is likelier than trouble on the way.
RetryPolicy first_contact_policy(const UploadOptions &options);

}  // namespace imgport
