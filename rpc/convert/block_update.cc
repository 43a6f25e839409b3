#include "rpc/convert/block_update.h"

namespace chancery::rpc {

void ToProto(const block::Update& update,
             chancery::block::v1::BlockUpdate* message) {
  message->set_block_id(update.block_id);
  message->set_version(update.version);
  if (update.is_delta()) {
    message->set_base_version(update.base_version);
    message->set_delta(update.content);
  } else {
    message->set_block(update.content);
  }
  for (const std::string& encoded : update.templates)
    message->add_templates(encoded);
}

void ToProto(const std::vector<block::Update>& updates,
             BlockUpdates* messages) {
  for (const block::Update& update : updates) ToProto(update, messages->Add());
}

block::Update FromProto(const chancery::block::v1::BlockUpdate& message) {
  block::Update update;
  update.block_id = message.block_id();
  update.version = message.version();
  if (message.has_delta()) {
    update.base_version = message.base_version();
    update.content = message.delta();
  } else {
    update.content = message.block();
  }
  update.templates.assign(message.templates().begin(),
                          message.templates().end());
  return update;
}

std::vector<block::Update> FromProto(const BlockUpdates& messages) {
  std::vector<block::Update> updates;
  updates.reserve(messages.size());
  for (const auto& message : messages) updates.push_back(FromProto(message));
  return updates;
}

}  // namespace chancery::rpc
