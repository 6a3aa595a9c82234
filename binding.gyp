{
  "targets": [
    {
      "target_name": "handfast",
      "type": "none",
      "actions": [
        {
          "action_name": "cmake-js",
          "inputs": ["CMakeLists.txt"],
          "outputs": ["<(PRODUCT_DIR)/handfast.node"],
          "action": ["node", "node_modules/cmake-js/bin/cmake-js", "build", "--out", "build/cmake", "--target", "handfast"]
        }
      ]
    }
  ]
}
