// An object store and all that is needed to speak to it.
#pragma once

#include <memory>
#include <string_view>

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

// Nothing is asked of the store yet.
Result<ObjectConnection> connect(const ObjectDestination &destination);

// Whether the way there is complete, and keys are there: what can be told before hours of work without asking the
// store. For other destinations nothing is asked.
Result<void> check_destination(std::string_view destination, const UploadOptions &options);

RetryPolicy retry_policy(const UploadOptions &options);
// Of a first request, where a mistake in the address is likelier than trouble on the way.
RetryPolicy first_contact_policy(const UploadOptions &options);

}  // namespace imgport
