// The shapes of LSP that a server sends, as a table that needs no node: read off the declarations of
// vscode-languageserver-protocol and -types, syntax only, with the TypeScript compiler's parser.
//
//     node shapes.mjs > ../support/lsp_shapes.json
//
// The table: { results: { METHOD: shape }, params: { METHOD: shape }, types: { NAME: shape } }, for the
// requests that gridls answers and for what it sends. A shape is
//
//     "string", "integer", "uinteger", "decimal", "number", "boolean", "null", "any", "object", "URI"
//     "Name"                          one of `types`
//     { literal: value }  { array: shape }  { map: shape }  { tuple: [shape…] }
//     { or: [shape…] }                one of them
//     { and: [shape…] }               the members of all of them
//     { members: { "name": shape, "optional?": shape } }
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ANSWERED = [
    'initialize', 'shutdown', 'textDocument/inlineCompletion', 'textDocument/completion',
    'textDocument/codeAction', 'codeAction/resolve', 'workspace/executeCommand',
];
const SENT = [
    'window/showMessage', 'window/logMessage', 'window/showDocument',
    'window/workDoneProgress/create', 'workspace/applyEdit', 'workspace/configuration',
    'client/registerCapability',
];

const modules = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
                          'node_modules');
const protocol = path.join(modules, 'vscode-languageserver-protocol/lib/common');
const files = [
    path.join(modules, 'vscode-languageserver-types/lib/umd/main.d.ts'),
    ...fs.readdirSync(protocol).filter((name) => /^(protocol.*|messages)\.d\.ts$/.test(name))
        .sort().map((name) => path.join(protocol, name)),
];

const declared = new Map();   // name -> declarations of a type of that name
const methods = new Map();    // method -> the type arguments of its message type
const values = new Map();     // "Namespace.member" -> the literal type of a constant

function collect(node, space) {
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) {
        if (!space)
            declared.set(node.name.text, [...(declared.get(node.name.text) ?? []), node]);
    } else if (ts.isModuleDeclaration(node) && node.body) {
        const found = {};
        for (const statement of node.body.statements ?? [])
            if (ts.isVariableStatement(statement))
                for (const { name, type } of statement.declarationList.declarations)
                    found[name.text] = type;
        for (const [name, type] of Object.entries(found))
            if (type && ts.isLiteralTypeNode(type))
                values.set(`${node.name.text}.${name}`, type);
        if (found.method && found.type && ts.isTypeReferenceNode(found.type))
            methods.set(found.method.literal.text, {
                kind: found.type.typeName.text, types: found.type.typeArguments ?? [] });
    }
}
for (const file of files) {
    const text = fs.readFileSync(file, 'utf8');
    for (const node of ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true).statements)
        collect(node, false);
}

const PRIMITIVES = { integer: 'integer', uinteger: 'uinteger', decimal: 'decimal', URI: 'URI',
                     DocumentUri: 'URI', ProgressToken: { or: ['integer', 'string'] },
                     LSPAny: 'any', LSPObject: 'object', LSPArray: { array: 'any' } };
const KEYWORDS = {
    [ts.SyntaxKind.StringKeyword]: 'string', [ts.SyntaxKind.NumberKeyword]: 'number',
    [ts.SyntaxKind.BooleanKeyword]: 'boolean', [ts.SyntaxKind.AnyKeyword]: 'any',
    [ts.SyntaxKind.UnknownKeyword]: 'any', [ts.SyntaxKind.ObjectKeyword]: 'object',
    [ts.SyntaxKind.VoidKeyword]: 'null', [ts.SyntaxKind.UndefinedKeyword]: 'null',
};
const types = {};

function members(nodes, generics) {
    const found = {};
    for (const node of nodes)
        if (ts.isPropertySignature(node))
            found[node.name.text + (node.questionToken ? '?' : '')] = shape(node.type, generics);
    // Beside members, an index signature says that a server may add what it likes; ours does not.
    const index = nodes.find(ts.isIndexSignatureDeclaration);
    return index && !Object.keys(found).length ? { map: shape(index.type, generics) }
                                               : { members: found };
}

function literal({ literal: node }) {
    if (node.kind === ts.SyntaxKind.NullKeyword)
        return 'null';
    if (ts.isStringLiteral(node))
        return { literal: node.text };
    if (ts.isNumericLiteral(node))
        return { literal: Number(node.text) };
    if (ts.isPrefixUnaryExpression(node))
        return { literal: -Number(node.operand.text) };
    return { literal: node.kind === ts.SyntaxKind.TrueKeyword };
}

function define(name) {
    if (name in types)
        return;
    types[name] = null;  // It may hold itself.
    const parts = [];
    for (const node of declared.get(name)) {
        // A parameter of a type stands for `any`: what clients add to InitializeResult and its like.
        const generics = new Set((node.typeParameters ?? []).map((one) => one.name.text));
        if (ts.isTypeAliasDeclaration(node)) {
            parts.push(shape(node.type, generics));
            continue;
        }
        for (const clause of node.heritageClauses ?? [])
            for (const base of clause.types)
                parts.push(named(base.expression.text));
        parts.push(members(node.members, generics));
    }
    types[name] = parts.length === 1 ? parts[0] : { and: parts };
}

function named(name) {
    if (name in PRIMITIVES)
        return PRIMITIVES[name];
    if (!declared.has(name))
        throw new Error(`no declaration of ${name}`);
    define(name);
    return name;
}

function shape(node, generics) {
    if (node.kind in KEYWORDS)
        return KEYWORDS[node.kind];
    if (ts.isLiteralTypeNode(node))
        return literal(node);
    if (ts.isParenthesizedTypeNode(node))
        return shape(node.type, generics);
    if (ts.isArrayTypeNode(node))
        return { array: shape(node.elementType, generics) };
    if (ts.isTupleTypeNode(node))
        return { tuple: node.elements.map((one) => shape(one, generics)) };
    if (ts.isUnionTypeNode(node))
        return { or: node.types.map((one) => shape(one, generics)) };
    if (ts.isIntersectionTypeNode(node))
        return { and: node.types.map((one) => shape(one, generics)) };
    if (ts.isTypeLiteralNode(node))
        return members(node.members, generics);
    if (ts.isTypeQueryNode(node) || ts.isTypeReferenceNode(node)) {
        const text = (node.typeName ?? node.exprName).getText();
        if (generics?.has(text))
            return 'any';
        if (values.has(text))
            return literal(values.get(text));
        return named(text);
    }
    throw new Error(`no shape for ${node.getText()}`);
}

const of = (method) => {
    if (!methods.has(method))
        throw new Error(`no method ${method}`);
    return methods.get(method);
};
const table = { results: {}, params: {}, types };
for (const method of ANSWERED) {
    const { kind, types: [first, second] } = of(method);
    table.results[method] = shape(kind === 'ProtocolRequestType0' ? first : second);
}
for (const method of SENT)
    table.params[method] = shape(of(method).types[0]);
for (const kind of ['WorkDoneProgressBegin', 'WorkDoneProgressReport', 'WorkDoneProgressEnd'])
    named(kind);
const section = (name) => ` "${name}": {\n` + Object.entries(table[name]).map(
    ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',\n') + '\n }';
console.log(`{\n${Object.keys(table).map(section).join(',\n')}\n}`);
