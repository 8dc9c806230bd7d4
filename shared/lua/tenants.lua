-- Library: tenants, whose names stand before the ids of what belongs to them; see shared/tenants.py.
--
-- @include keys.lua
--
-- Keys: parley:tenants
local SEPARATOR = '\31'
local DEFAULT_TENANT = 'default'

local function tenant_of(id)
  local place = string.find(id, SEPARATOR, 1, true)
  return place and string.sub(id, 1, place - 1) or DEFAULT_TENANT
end

local function scoped(tenant, id)
  return tenant == DEFAULT_TENANT and id or tenant .. SEPARATOR .. id
end

-- Name a tenant's own index; `prefix` is that of the keys of what the index lists.
local function index_of(tenant, index, prefix)
  return tenant == DEFAULT_TENANT and index or prefix .. scoped(tenant, '')
end

-- Note that there is a tenant, so that reports go over all.
local function know_tenant(tenant)
  if tenant == DEFAULT_TENANT then return end
  if redis.call('SCARD', TENANTS) < MAX_TENANTS then redis.call('SADD', TENANTS, tenant) end
  redis.call('EXPIRE', TENANTS, REPORT_TTL_SECONDS)
end

