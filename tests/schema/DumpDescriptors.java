// Writes the protobuf schema that Hadoop's jars carry inside their generated classes, as one FileDescriptorSet.
//
//   java -cp 'LIB/*' DumpDescriptors.java OUTPUT JAR...
//
// No jar of Hadoop holds .proto files, but every protobuf outer class has a static getDescriptor(), and what it
// returns can write itself as a FileDescriptorProto. All of that is called by reflection: which protobuf library the
// classes were generated for, and into which package it was shaded, differs between Hadoop's versions.

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

public class DumpDescriptors {
  public static void main(String[] args) throws Exception {
    if (args.length < 2) {
      System.err.println("usage: java -cp 'LIB/*' DumpDescriptors.java OUTPUT JAR...");
      System.exit(2);
    }
    // By class name, so that the output does not depend on the order of a jar's entries.
    TreeMap<String, byte[]> files = new TreeMap<>();
    for (int i = 1; i < args.length; i++) {
      int before = files.size();
      collect(args[i], files);
      if (files.size() == before) {
        System.err.println(args[i] + ": no generated protobuf class found, is this the right jar?");
        System.exit(1);
      }
    }
    ByteArrayOutputStream set = new ByteArrayOutputStream();
    for (byte[] file : files.values()) {
      set.write(0x0a); // FileDescriptorSet.file: field 1, length-delimited
      writeVarint(set, file.length);
      set.write(file);
    }
    Files.write(Path.of(args[0]), set.toByteArray());
    System.out.println(args[0] + ": " + files.size() + " files");
  }

  private static void collect(String jarPath, TreeMap<String, byte[]> files) throws Exception {
    try (JarFile jar = new JarFile(jarPath)) {
      for (JarEntry entry : Collections.list(jar.entries())) {
        String name = entry.getName();
        if (!name.endsWith(".class") || name.contains("$") || !mayBeOuterClass(jar, entry)) {
          continue;
        }
        String className = name.substring(0, name.length() - ".class".length()).replace('/', '.');
        try {
          byte[] file = fileDescriptorProto(Class.forName(className));
          if (file != null) {
            files.put(className, file);
          }
        } catch (NoClassDefFoundError e) {
          // 3.4 keeps one class generated for unshaded protobuf 2.5, without that library beside it. What is
          // skipped here is missing from the output, and the comparison fails if we speak it.
          System.out.println(className + ": skipped, " + e.getMessage() + " is not on the class path");
        }
      }
    }
  }

  /** Looks at the constant pool's text first: loading every class of a jar would need optional libraries. */
  private static boolean mayBeOuterClass(JarFile jar, JarEntry entry) throws IOException {
    try (InputStream in = jar.getInputStream(entry)) {
      String text = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
      return text.contains("Descriptors$FileDescriptor;") && text.contains("getDescriptor");
    }
  }

  private static byte[] fileDescriptorProto(Class<?> outer) throws Exception {
    Method getDescriptor;
    try {
      getDescriptor = outer.getMethod("getDescriptor");
    } catch (NoSuchMethodException e) {
      return null;
    }
    if (!Modifier.isStatic(getDescriptor.getModifiers())
        || !getDescriptor.getReturnType().getSimpleName().equals("FileDescriptor")) {
      return null;
    }
    Object descriptor = getDescriptor.invoke(null);
    Object proto = descriptor.getClass().getMethod("toProto").invoke(descriptor);
    return (byte[]) proto.getClass().getMethod("toByteArray").invoke(proto);
  }

  private static void writeVarint(ByteArrayOutputStream out, int value) {
    while ((value & ~0x7f) != 0) {
      out.write((value & 0x7f) | 0x80);
      value >>>= 7;
    }
    out.write(value);
  }
}
