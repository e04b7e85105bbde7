import type { ErrorEntry } from './entry.ts'

/** Failures of selectors, Mango queries, views and functions of design documents. */
export const QUERY_ERRORS = {
  // Selectors
  selectorNotObject: [
    400,
    'invalid_selector_json',
    (value: string) => `Selector must be a JSON object, not: ${value}`,
  ],
  missingFieldName: [400, 'invalid_selector', 'One or more conditions is missing a field name.'],
  invalidOperator: [400, 'invalid_operator', (operator: string) => `Invalid operator: ${operator}`],
  unsupportedOperator: [400, 'not_supported', (operator: string) => `Unsupported operator: ${operator}`],
  badOperand: [400, 'bad_arg', (detail: string) => `Bad argument for operator ${detail}`],
  badField: [400, 'bad_field', (detail: string) => `Invalid field normalization on selector: ${detail}`],
  invalidFieldName: [400, 'invalid_field_name', (field: string) => `Invalid field name: ${field}`],

  // Mango
  missingRequiredKey: [400, 'missing_required_key', (key: string) => `Missing required key: ${key}`],
  invalidKey: [400, 'invalid_key', (key: string) => `Invalid key ${key} for this request.`],
  invalidBoolean: [400, 'invalid_boolean', (value: string) => `Invalid boolean value: ${value}`],
  invalidString: [400, 'invalid_string', (value: string) => `Invalid string: ${value}`],
  emptyIndexName: [400, 'invalid_empty_string', 'Index name or ddoc cannot be empty string'],
  invalidCount: [
    400,
    'invalid_non_neg_integer',
    (value: string) => `${value} is not an integer greater than or equal to zero`,
  ],
  invalidPositive: [
    400,
    'invalid_pos_integer',
    (value: string) => `${value} is not an integer greater than zero`,
  ],
  invalidBulkDocs: [
    400,
    'invalid_bulk_docs',
    (value: string) => `Bulk Delete requires an array of non-null docids. Docids: ${value}`,
  ],
  invalidFields: [
    400,
    'invalid_fields',
    (value: string) => `Fields must be an array of strings, not: ${value}`,
  ],
  invalidField: [400, 'invalid_field', (value: string) => `Invalid JSON for field spec: ${value}`],
  invalidIndexName: [400, 'invalid_index_name', (value: string) => `Invalid index name: ${value}`],
  invalidBookmark: [400, 'invalid_bookmark', (value: string) => `Invalid bookmark value: ${value}`],
  invalidSort: [
    400,
    'invalid_sort_json',
    (value: string) => `Sort must be an array of sort specs, not: ${value}`,
  ],
  invalidSortField: [400, 'invalid_sort_field', (value: string) => `Invalid sort field: ${value}`],
  mixedSort: [
    400,
    'unsupported_mixed_sort',
    'Sorts currently only support a single direction for all fields.',
  ],
  noUsableIndex: [400, 'no_usable_index', 'No index exists for this sort, try indexing by the sort fields.'],
  noUsableGlobalIndex: [
    400,
    'no_usable_index',
    'No global index exists for this sort, try indexing by the sort fields.',
  ],
  noUsablePartitionedIndex: [
    400,
    'no_usable_index',
    'No partitioned index exists for this sort, try indexing by the sort fields.',
  ],
  indexNotNamed: [400, 'invalid_index', 'You must specify an index with the `use_index` parameter.'],
  indexNotSuitable: [
    400,
    'invalid_index',
    (name: string) => `${name} specified by \`use_index\` could not be found or it is not suitable.`,
  ],
  indexNotObject: [400, 'invalid_index', (value: string) => `JSON indexes must be an object, not: ${value}`],
  invalidIndexType: [400, 'invalid_index', (type: string) => `Invalid type for index: ${type}`],
  indexServiceUnavailable: [503, 'required index service unavailable', (type: string) => type],
  invalidDesignLanguage: [
    400,
    'invalid_ddoc_lang',
    (language: string) => `Existing design doc has an invalid language: ${language}`,
  ],
  partitionedMismatch: [
    400,
    'invalid_partitioned_option',
    'Requested partitioned option does not match existing value on design document',
  ],
  indexRange: [500, 'invalid_list_index_params', 'Index parameter ranges: limit > 1, skip > 0'],
  indexSaveConflict: [500, 'error_saving_ddoc', 'Encountered a conflict while saving the design document.'],

  // Design documents
  invalidDesignDoc: [400, 'invalid_design_doc', (reason: string) => reason],
  viewCompilation: [400, 'compilation_error', (reason: string) => reason],
  unknownFunctionError: [500, 'unknown_error', (reason: string) => reason],
  noUpdateByGet: [405, 'method_not_allowed', 'Update functions do not allow GET'],
  noShowPath: [404, 'show_error', 'Invalid path.'],
  noListPath: [404, 'list_error', 'Invalid path.'],
  noUpdatePath: [404, 'update_error', 'Invalid path.'],
  fieldsTooDeep: [400, 'bad_request', 'The names of fields have too many parts.'],
  patternsTooLarge: [400, 'bad_request', 'The `$regex` patterns of the selector are too large.'],
  patternsTooSlow: [400, 'bad_request', 'The `$regex` patterns of the selector take too many steps.'],
  noRewrites: [404, 'rewrite_error', 'Invalid path.'],
  insecureRewrite: [500, 'insecure_rewrite_rule', 'too many ../.. segments'],
  badRewrite: [500, 'rewrite_error', (detail: string) => detail],
  noRewritePath: [500, 'rewrite_error', 'Rewrite result must produce a new path.'],
  badFunctionAnswer: [
    500,
    'external_response_error',
    (detail: string) => `Invalid data from external server: ${detail}`,
  ],
  queriesMoved: [400, 'bad_request', 'The `queries` parameter is no longer supported at this endpoint'],
  noShardSplitting: [
    501,
    'not_implemented',
    'A database is kept in one piece: there are no shards to split.',
  ],
  noTemporaryViews: [410, 'gone', 'Temporary views are not supported in CouchDB'],
  missingView: [404, 'not_found', 'missing_named_view'],
  missingJsonKey: [404, 'not_found', (name: string) => `missing json key: ${name}`],
  jsonMismatch: [404, 'not_found', 'json_mismatch'],
  unknownQueryLanguage: [500, 'unknown_query_language', (language: string) => language],
  sandboxBusy: [503, 'service_unavailable', 'Too many functions of design documents are waiting.'],
  functionTimeout: [500, 'os_process_error', 'OS process timed out.'],
} as const satisfies Record<string, ErrorEntry>
